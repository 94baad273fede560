"""Whole configurations of the outfit family, by name; each belongs to the retrieval preset of its name.

Each docstring counts passes and pictures; minutes are a note with the machine beside them. Figures
measured with it stand in docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from atelier.families.outfit import training
from atelier.families.outfit.config import LossConfig, NetworkConfig, OutfitPreset
from atelier.families.outfit.end_to_end import Pictures
from atelier.families.outfit.material import EndToEndMaterial, SetMaterial, Source
from atelier.families.outfit.table import ItemTable
from atelier.families.schedule import Schedule
from atelier.families.training import Stage, TrainingPlan


def debug() -> OutfitPreset:
    """One pass of tiny networks: for tests, learns next to nothing.

    Note: a second on two cores.
    """
    teacher = NetworkConfig(generator="transformer", dimension=16, look_dimension=8, width=16, num_layers=1)
    schedule = Schedule(num_epochs=1, batch_size=32, precision="no", channels_last=False)
    student = replace(teacher, generator="dan")
    return OutfitPreset("debug", teacher, student, LossConfig(num_hard=2), schedule, schedule)


def demo() -> OutfitPreset:
    """20 and 40 passes over the 100 sets of a simulated drop of 500 items.

    Note: some seconds on two cores.
    """
    preset = small()
    return replace(
        preset,
        name="demo",
        teacher_schedule=replace(preset.teacher_schedule, num_epochs=20, batch_size=64),
        student_schedule=replace(preset.student_schedule, num_epochs=40, batch_size=64),
        min_fill_in_the_blank=0.0,
    )


def small() -> OutfitPreset:
    """30 passes of the teacher and 90 of the student over 17,000 sets.

    Note: some minutes on two cores of a Xeon.
    """
    teacher = NetworkConfig(generator="transformer", width=128, num_layers=2)
    student = NetworkConfig(generator="dan", pooling="sum", width=256, num_layers=2)
    schedule = Schedule(
        num_epochs=90,
        batch_size=1024,
        learning_rate=2e-3,
        weight_decay=0.01,
        warmup_share=0.1,
        ema_decay=0.99,
        precision="no",
        channels_last=False,
    )
    return OutfitPreset(
        "small",
        teacher,
        student,
        LossConfig(),
        teacher_schedule=replace(schedule, num_epochs=30, batch_size=512),
        student_schedule=schedule,
        min_fill_in_the_blank=0.3,
    )


def base() -> OutfitPreset:
    """40 passes over hundreds of thousands of sets, for one large GPU."""
    preset = small()
    teacher = replace(preset.teacher, width=768, num_layers=6, num_heads=12)
    student = replace(preset.student, width=768, num_layers=3)
    schedule = replace(
        preset.student_schedule, num_epochs=40, batch_size=4096, precision="auto", num_workers=8
    )
    return replace(
        preset,
        name="base",
        teacher=teacher,
        student=student,
        teacher_schedule=schedule,
        student_schedule=schedule,
    )


PRESETS: dict[str, Callable[[], OutfitPreset]] = {"debug": debug, "demo": demo, "small": small, "base": base}

PLAN = TrainingPlan(
    presets=PRESETS,
    stages=(
        Stage("teacher", training.teacher_training, lambda preset: (preset.teacher, preset)),
        Stage(
            "student", training.student_training, lambda preset: (preset.student, preset), after=("teacher",)
        ),
        Stage(
            "end_to_end",
            training.end_to_end_training,
            lambda preset: preset,
            after=("student",),
            requested=lambda preset: preset.end_to_end_schedule is not None,
        ),
    ),
    packable=(SetMaterial, Source, ItemTable, EndToEndMaterial, Pictures),
)
