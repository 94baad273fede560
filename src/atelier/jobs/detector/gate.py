"""Lets a detector take the champion's place, or not: on evidence of its own, in writing."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.families.detection.inference import Detector
from atelier.jobs.detector.champion import FAMILY, detector_in
from atelier.jobs.detector.material import truths
from atelier.jobs.detector.register import (
    MARKS_FILE,
    look_at,
    marks_of,
    milliseconds_per_photo,
)
from atelier.jobs.detector.train import detection_preset, detector_code
from atelier.jobs.register import Registered
from atelier.jobs.train import current_version, run_key
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry, open_registry
from atelier.release.gate import paired_bootstrap
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


@dataclass(frozen=True)
class DetectorVerdict:
    """What the gate decided about a detector."""

    promoted: bool
    """Whether the version is the champion now."""
    reason: str
    run_id: str | None
    """The run with the report; None where the version had been the champion before."""
    champion: int | None
    """Version that is the champion now; None while none was good enough."""
    difference: float | None = None
    """Challenger's share of right main boxes minus the champion's; None without one to compare with."""
    low: float | None = None
    high: float | None = None
    seconds: float = 0.0


def gate_detector(
    settings: Settings, preset: str, registered: Registered, *, progress: bool = True
) -> DetectorVerdict:
    """Hold champion and challenger against the same photos and move the alias `champion` if evidence says so.

    A pair that was judged on this data is not judged again. Without a detector that is good enough nothing
    fails: searches then take the whole photo.
    """
    del progress  # seconds
    start = time.perf_counter()
    registry = open_registry(settings)
    champion = registry.version(FAMILY, "champion")
    challenger = registry.version(FAMILY, registered.model_version)
    assert challenger is not None, "a registered version exists"
    if champion is not None and champion.files_digest == challenger.files_digest:
        return DetectorVerdict(True, "this detector is the champion already", None, champion.version)
    data_version = current_version(settings)
    before = champion.files_digest if champion else None
    key = run_key("detector-gate", data_version, challenger.files_digest, before, code=detector_code())
    found = registry.find_run(key)
    if found is None:
        tags = {"data_version": data_version, "preset": preset, "challenger": str(challenger.version)}
        name = f"detector-gate-version-{challenger.version}"
        with registry.start_run(name, key, tags, family=FAMILY) as run:
            decided = _judge(settings, registry, preset, challenger, champion)
            run.json("gate/verdict.json", decided)
            run.describe(f"Version {challenger.version}: {decided['reason']}.")
            run.tag(verdict="promoted" if decided["promoted"] else "held")
            run_id = run.run_id
    else:
        decided, run_id = json.loads(registry.read(found.run_id, "gate/verdict.json")), found.run_id
    verdict = "promoted" if decided["promoted"] else "held"
    registry.tag_version(challenger, {"verdict": verdict, "gate_run": run_id})
    if decided["promoted"]:
        champion = registry.set_alias(FAMILY, "champion", challenger.version)
    number = champion.version if champion else None
    return DetectorVerdict(run_id=run_id, champion=number, seconds=time.perf_counter() - start, **decided)


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
    floor = detection_preset(preset).least_main_hits
    return decide(evidence[0], evidence[1] if len(evidence) > 1 else None, floor)


def _marks(
    settings: Settings, registry: Registry, version: ModelVersion, detector: Detector
) -> dict[str, Any]:
    """A version's marks on the current data: its examination's, or new ones where the data has changed."""
    data_version = current_version(settings)
    if version.tags.get("data_version") == data_version:
        marks: dict[str, Any] = json.loads(registry.read(version.run_id, MARKS_FILE))
        return marks
    photos = truths(settings, Catalogue.open(settings.data_dir), data_version, Split.TEST)
    return marks_of(look_at(detector, photos), photos)
