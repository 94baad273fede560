"""Distills the preset's teacher into the student that serving runs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from atelier.families.retrieval.distill import DistillTask, StudentModule, Teacher
from atelier.families.retrieval.export import load_module
from atelier.families.retrieval.losses import MarginSoftmax
from atelier.jobs.train import (
    MODULE_FILE,
    Training,
    TrainOutcome,
    current_version,
    learn_space_of,
    load_material,
    log_network,
    new_network,
    preset_named,
    read_weights,
    run_key,
    run_once,
)
from atelier.registry.runs import RunTracker
from atelier.registry.store import Registry
from atelier.settings import Settings


def distill(settings: Settings, preset: str, teacher: TrainOutcome, *, progress: bool = True) -> TrainOutcome:
    """Train the preset's student on what the teacher says, or find the run that did.

    Killed and called again, it goes on from its last checkpoint. DigestError: the teacher's weights changed.
    """
    config = preset_named(preset)
    version = current_version(settings)
    key = run_key("student", version, config.student, config.student_schedule, teacher.key)

    def training(registry: Registry) -> Training:
        material = load_material(settings, config.student, version, progress)
        labels = material.products.labels
        loss, dimension = config.teacher.loss, config.teacher.network.dimension
        taught_by = Teacher(
            new_network(config.teacher, labels, seed=0),
            MarginSoftmax(labels.num_items, dimension, loss.item_scale, loss.item_margin),
        )
        with TemporaryDirectory() as folder:
            read_weights(registry, teacher, [MODULE_FILE], Path(folder))
            load_module(taught_by, Path(folder) / MODULE_FILE)
        network = new_network(config.student, labels, config.student_schedule.seed)
        module = StudentModule(network, taught_by, config.student)

        def keep(run: RunTracker) -> None:
            log_network(run, network, labels, "student")
            run.tag(teacher=teacher.run_id)

        return Training(
            task=DistillTask(module, taught_by, material.streets_M3HW, config.student, material.validation),
            products=material.products,
            schedule=config.student_schedule,
            finish=lambda: learn_space_of(network, material, config.student),
            keep=keep,
        )

    return run_once(settings, f"student-{preset}", key, config, version, training, progress)
