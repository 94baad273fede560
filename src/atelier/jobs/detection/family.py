"""Defines the detection family: finds the main item's box in a cluttered photo."""

from __future__ import annotations

from importlib import resources
from typing import Final

from atelier.families import detection
from atelier.families.detection.config import DetectionPreset
from atelier.families.detection.presets import PLAN
from atelier.jobs.detection.champion import FAMILY
from atelier.jobs.detection.evaluate import evaluate
from atelier.jobs.detection.exam import examine, reexamine
from atelier.jobs.detection.gate import decide
from atelier.jobs.detection.material import material
from atelier.jobs.detection.release import release_files
from atelier.lifecycle.family import Family

DETECTION: Final = Family[DetectionPreset](
    name=FAMILY,
    plan=PLAN,
    material=material,
    examine=examine,
    reexamine=reexamine,
    decide=decide,
    release_files=release_files,
    card=resources.files(detection) / "CARD.md",
    evaluate=evaluate,
)
