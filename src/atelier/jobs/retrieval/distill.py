"""Distills the preset's teacher into the student that serving runs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from atelier.families.retrieval.export import load_module
from atelier.families.retrieval.training import (
    TEACHER_FILE,
    Training,
    preset_named,
    student_training,
    teacher_of,
)
from atelier.jobs.retrieval.train import (
    TrainOutcome,
    current_version,
    load_material,
    read_weights,
    run_key,
    run_once,
)
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
        taught_by = teacher_of(material.products.labels, config)
        with TemporaryDirectory() as folder:
            read_weights(registry, teacher, [TEACHER_FILE], Path(folder))
            load_module(taught_by, Path(folder) / TEACHER_FILE)
        return student_training(material, config, taught_by)

    return run_once(
        settings, f"student-{preset}", key, config, version, training, progress, teacher=teacher.run_id
    )
