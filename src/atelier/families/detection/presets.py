"""Whole configurations of the detection family, by name; each belongs to the retrieval preset of its name.

Each docstring counts passes and pictures; minutes are a note with the machine beside them. Figures
measured with it stand in docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Callable

from atelier.families.detection import training
from atelier.families.detection.config import DetectionConfig, DetectionPreset, NetworkConfig
from atelier.families.detection.products import Cutouts
from atelier.families.detection.scenes import Streets
from atelier.families.detection.task import Truth
from atelier.families.schedule import Schedule
from atelier.families.training import Stage, TrainingPlan


def debug() -> DetectionPreset:
    """One pass over pictures of 64 pixels: for tests, learns next to nothing.

    Note: seconds on two cores.
    """
    network = NetworkConfig(
        "resnet10t", {"channels": (8, 8, 16, 16)}, neck_channels=16, look_size=64, close_size=32
    )
    return DetectionPreset("debug", DetectionConfig(network), Schedule(num_epochs=1, batch_size=32))


def demo() -> DetectionPreset:
    """Six passes over some 400 products at 96 pixels: the box it chooses lies on half of the products.

    Note: 15 s of one core's time in float32 (AMD EPYC, Zen 5).
    """
    options = {"layers": (1, 1, 1, 1), "channels": (16, 32, 64, 96), "stem_type": "deep", "stem_width": 8}
    network = NetworkConfig("resnet18", options, look_size=96, close_size=64)
    schedule = Schedule(num_epochs=6, batch_size=16, learning_rate=3e-3)
    return DetectionPreset("demo", DetectionConfig(network), schedule)


def small() -> DetectionPreset:
    """Five passes over a catalogue of 14,000 items and 400 street photos, at 128 pixels.

    Note: at most ten minutes on two cores of a Xeon with AMX.
    """
    options = {"layers": (1, 1, 2, 1), "channels": (24, 48, 96, 128), "stem_type": "deep", "stem_width": 8}
    return DetectionPreset(
        "small",
        DetectionConfig(NetworkConfig("resnet18", options, look_size=128)),
        Schedule(num_epochs=5, batch_size=48),
        min_main_hits=0.3,
    )


def base() -> DetectionPreset:
    """40 passes of a whole ResNet-18 at 256 pixels, for one large GPU.

    Note: two cores serve it in some twenty milliseconds.
    """
    network = NetworkConfig("resnet18d", neck_channels=128, look_size=256, close_size=160)
    schedule = Schedule(num_epochs=40, batch_size=256, compile=True, num_workers=8)
    return DetectionPreset("base", DetectionConfig(network), schedule, min_main_hits=0.3)


PRESETS: dict[str, Callable[[], DetectionPreset]] = {
    "debug": debug,
    "demo": demo,
    "small": small,
    "base": base,
}

PLAN = TrainingPlan(
    presets=PRESETS,
    stages=(Stage("detector", training.detector_training, lambda preset: (preset.config, preset.schedule)),),
    packable=(training.Material, Cutouts, Streets, Truth),
)
