"""Lets a detector take the champion's place, or not: on evidence of its own, in writing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.families.detection.inference import Detector
from atelier.jobs.detection.champion import FAMILY, detector_in
from atelier.jobs.detection.exam import (
    RESULTS_FILE,
    look_at,
    milliseconds_per_photo,
    paired_results,
)
from atelier.jobs.detection.material import truths
from atelier.jobs.detection.train import detection_preset, detector_code
from atelier.jobs.retrieval.exam import Registered
from atelier.jobs.retrieval.train import current_version
from atelier.jobs.retrieval.verdict import paired_bootstrap
from atelier.lifecycle.gate import GateVerdict, champion_challenger_test
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.settings import Settings
from atelier.vocabulary import Split

HIT = 0.75
"""IoU from which the chosen box counts as right."""
MARGIN = 0.01
"""'Not worse' means that the whole interval lies above minus this."""
CHEAPER = 0.9
"""'Cheaper' means below this share of the champion's time."""
MAX_COST_RATIO = 1.5
MAX_PRECISION_LOSS = 0.03
"""Average precision over all items may not fall by more than this."""


def gate_detector(
    settings: Settings, preset: str, registered: Registered, *, progress: bool = True
) -> GateVerdict:
    """Hold champion and challenger against the same photos and move the alias `champion` if evidence says so.

    A pair that was judged on this data is not judged again. Without a detector that is good enough nothing
    fails: searches then take the whole photo.
    """
    del progress  # seconds

    def judge(registry: Registry, challenger: ModelVersion, champion: ModelVersion | None) -> dict[str, Any]:
        return _judge(settings, registry, preset, challenger, champion)

    return champion_challenger_test(settings, FAMILY, preset, registered, detector_code(), judge)


@dataclass(frozen=True)
class Evidence:
    """How one detector did."""

    main_overlap: list[float]
    """IoU of the chosen box with the truth, search by search."""
    average_precision_50: float
    milliseconds: float

    @property
    def hits(self) -> np.ndarray:
        return np.asarray(self.main_overlap) >= HIT


def decide(challenger: Evidence, champion: Evidence | None, floor: float) -> dict[str, Any]:
    """`promoted` and its `reason`, and the paired difference of hits with its 95 % interval.

    A challenger is promoted when it is better, or not worse and cheaper, at an acceptable cost and without
    loss on the other items. The first of all needs `floor`.
    """
    if not challenger.main_overlap:
        return {"promoted": False, "reason": "no held-out photo has a known box to judge a detector by"}
    share = float(challenger.hits.mean())
    if champion is None:
        ok = share >= floor
        words = "the floor is cleared" if ok else f"below the floor of {floor:.2f}"
        return {
            "promoted": ok,
            "reason": f"there is no champion, {share:.3f} of the boxes are right, {words}",
        }
    interval = paired_bootstrap(challenger.hits, champion.hits)
    promoted, reason = _compare(challenger, champion, interval.low)
    return {"promoted": promoted, "reason": reason, **asdict(interval)}


def _compare(challenger: Evidence, champion: Evidence, low: float) -> tuple[bool, str]:
    lost = champion.average_precision_50 - challenger.average_precision_50
    ratio = challenger.milliseconds / champion.milliseconds
    if lost > MAX_PRECISION_LOSS:
        return False, f"average precision over all items falls by {lost:.3f}"
    if low > 0 and ratio <= MAX_COST_RATIO:
        return True, "better: the whole interval lies above zero"
    if low > 0:
        return False, f"better, but {ratio:.2f} times the cost"
    if low > -MARGIN and ratio < CHEAPER:
        return True, f"not worse by more than {MARGIN}, and cheaper"
    return False, "not shown to be better, nor as good and cheaper"


def _judge(
    settings: Settings,
    registry: Registry,
    preset: str,
    challenger: ModelVersion,
    champion: ModelVersion | None,
) -> dict[str, Any]:
    """Both versions are held against the same photos and timed in turns."""
    versions = [challenger] if champion is None else [challenger, champion]
    with TemporaryDirectory() as folder:
        detectors = [
            detector_in(registry.fetch(version, Path(folder) / str(version.version)), threads=1)
            for version in versions
        ]
    times = milliseconds_per_photo(detectors)
    evidence = [
        Evidence(**_marks(settings, registry, version, detector), milliseconds=float(np.median(own)))
        for version, detector, own in zip(versions, detectors, times, strict=True)
    ]
    floor = detection_preset(preset).min_main_hits
    return decide(evidence[0], evidence[1] if len(evidence) > 1 else None, floor)


def _marks(
    settings: Settings, registry: Registry, version: ModelVersion, detector: Detector
) -> dict[str, Any]:
    """A version's marks on the current data: its examination's, or new ones where the data has changed."""
    data_version = current_version(settings)
    if version.tags.get("data_version") == data_version:
        marks: dict[str, Any] = json.loads(registry.read(version.run_id, RESULTS_FILE))
        return marks
    photos = truths(settings, Catalogue.open(settings.data_dir), data_version, Split.TEST)
    return paired_results(look_at(detector, photos), photos)
