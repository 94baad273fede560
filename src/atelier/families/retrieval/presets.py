"""Whole configurations of the retrieval family, by name; the difference between two is the code.

Each docstring counts passes and pictures; minutes are a note with the machine beside them. Figures
measured with it stand in docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from atelier.families.retrieval import training
from atelier.families.retrieval.config import NetworkConfig, RetrievalConfig, RetrievalPreset, TextConfig
from atelier.families.retrieval.products import Labels, Products
from atelier.families.retrieval.validation import Validation
from atelier.families.schedule import Schedule
from atelier.families.training import Stage, TrainingPlan


def debug() -> RetrievalPreset:
    """One pass over pictures of 32 pixels: for tests, learns next to nothing.

    Note: seconds on two cores.
    """
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
    """24 passes over some 400 products of a simulated drop: enough to see searches work.

    Note: 50 s of one core's time in bfloat16, 65 s in float32 (AMD EPYC, Zen 5). Small batches learn more in
    as many passes: batches of 64 found a shopper's photo's item half as often.
    """
    preset = small()
    teacher = replace(preset.teacher, network=_small_network(48, 16, (32, 64, 96, 128)))
    student = replace(preset.student, network=_small_network(48, 12, (24, 48, 80, 112)))
    schedule = Schedule(num_epochs=24, batch_size=32, learning_rate=3e-3)
    return RetrievalPreset(
        "demo",
        teacher,
        replace(schedule, num_epochs=3, learning_rate=2e-3),
        schedule,
        student,
        replace(schedule, distinct_epochs=4, learning_rate=4e-3),
    )


def small() -> RetrievalPreset:
    """14 passes of the teacher and 30 of the student, for a catalogue of 14,000 items, below 8 GB of memory.

    The teacher spends its computation where two cores are efficient: many pixels and few channels.
    Note: about an hour on two cores of a Xeon with AMX, detector included.
    """
    teacher = RetrievalConfig(
        NetworkConfig("resnet18", {"layers": (3, 3, 2, 1), **_widths(64, 128, 192, 320)})
    )
    student = replace(
        teacher,
        network=replace(
            teacher.network,
            backbone_options=_shallow(16, (32, 64, 112, 160)),
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
    """140 passes of a wide teacher at 128 pixels and 120 of its student, for one large GPU.

    Note: two cores serve the student in milliseconds.
    """
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


def _small_network(image_size: int, stem_width: int, channels: tuple[int, ...]) -> NetworkConfig:
    return NetworkConfig("resnet18", _shallow(stem_width, channels), image_size=image_size)


def _shallow(stem_width: int, channels: tuple[int, ...]) -> dict[str, object]:
    """One block a stage, and a stem of three small convolutions instead of one of 7x7 with 64 channels: 7 to
    10 % off the network."""
    stem = {"stem_type": "deep", "stem_width": stem_width}
    return {"layers": (1, 1, 1, 1), **stem, **_widths(*channels)}


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
