"""Whole configurations of the retrieval family, by name; the difference between two is the code.

Each docstring says what its preset costs. Figures measured with it stand in docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from atelier.families.retrieval import training
from atelier.families.retrieval.config import NetworkConfig, RetrievalConfig, TextConfig
from atelier.families.retrieval.products import Labels, Products
from atelier.families.retrieval.validation import Validation
from atelier.families.schedule import Schedule
from atelier.families.training import Stage, TrainingPlan


@dataclass(frozen=True)
class RetrievalPreset:
    """A teacher, its student, and how each is trained; a pass shows two views of every product."""

    name: str
    teacher: RetrievalConfig
    facts_schedule: Schedule
    """The teacher's first pass, over facts; its second goes on from there."""
    teacher_schedule: Schedule
    student: RetrievalConfig
    student_schedule: Schedule
    min_recall_at_1: float = 0.0
    """Floor below which not even a first champion is accepted."""


def debug() -> RetrievalPreset:
    """Seconds on two cores: for tests, learns next to nothing."""
    teacher = RetrievalConfig(
        NetworkConfig(
            "resnet10t",
            _widths(8, 16, 16, 24),
            image_size=32,
            dimension=32,
            recall_dimension=16,
            text=TextConfig(num_buckets=1024, width=16, hidden=32),
        )
    )
    student = replace(teacher, network=replace(teacher.network, backbone_options=_widths(8, 8, 8, 16)))
    schedule = Schedule(num_epochs=1, batch_size=32)
    return RetrievalPreset("debug", teacher, schedule, schedule, student, schedule)


def demo() -> RetrievalPreset:
    """About two minutes on two cores for a simulated drop of 1,000 items: enough to see searches work."""
    preset = small()
    return replace(
        preset,
        name="demo",
        facts_schedule=replace(preset.facts_schedule, num_epochs=2, batch_size=64),
        teacher_schedule=replace(preset.teacher_schedule, num_epochs=10, batch_size=64),
        student_schedule=replace(preset.student_schedule, num_epochs=16, distinct_epochs=4, batch_size=64),
    )


def small() -> RetrievalPreset:
    """About an hour on two cores, below 8 GB, for a catalogue of 14,000 items, detector included.

    The teacher spends its computation where two cores are efficient: many pixels and few channels.
    """
    teacher = RetrievalConfig(
        NetworkConfig("resnet18", {"layers": (3, 3, 2, 1), **_widths(64, 128, 192, 320)})
    )
    student = replace(
        teacher,
        network=replace(
            teacher.network,
            # Three small convolutions instead of one of 7x7 with 64 channels: 7 to 10 % off the network.
            backbone_options={
                "layers": (1, 1, 1, 1),
                "stem_type": "deep",
                "stem_width": 16,
                **_widths(32, 64, 112, 160),
            },
            image_size=56,
        ),
        # A small network has little to spare: less of it for article types, which neighbours know too.
        loss=replace(teacher.loss, category_weight=1.0),
    )
    return RetrievalPreset(
        "small",
        teacher,
        Schedule(num_epochs=2),
        Schedule(num_epochs=12),
        student,
        Schedule(num_epochs=30, distinct_epochs=6, learning_rate=3e-3),
        min_recall_at_1=0.2,
    )


def base() -> RetrievalPreset:
    """One large GPU: a wide teacher at 128 pixels; two cores serve its student in milliseconds."""
    teacher = RetrievalConfig(NetworkConfig("resnet50d", image_size=128, dimension=512))
    student = RetrievalConfig(NetworkConfig("resnet18d", image_size=96, dimension=512))
    schedule = Schedule(num_epochs=120, batch_size=512, compile=True, num_workers=8)
    return RetrievalPreset(
        "base", teacher, replace(schedule, num_epochs=20), schedule, student, schedule, min_recall_at_1=0.2
    )


PRESETS: dict[str, Callable[[], RetrievalPreset]] = {
    "debug": debug,
    "demo": demo,
    "small": small,
    "base": base,
}


def _widths(*channels: int) -> dict[str, object]:
    """Channels of a ResNet's four stages."""
    return {"channels": channels}


PLAN = TrainingPlan(
    presets=PRESETS,
    stages=(
        Stage("facts", training.facts_training, lambda preset: (preset.teacher, preset.facts_schedule)),
        Stage(
            "teacher",
            training.teacher_training,
            lambda preset: (preset.teacher, preset.teacher_schedule),
            after=("facts",),
        ),
        Stage(
            "student",
            training.student_training,
            lambda preset: (preset.student, preset.student_schedule),
            after=("teacher",),
        ),
    ),
    packable=(training.Material, Products, Labels, Validation),
)
