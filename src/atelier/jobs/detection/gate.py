"""Compares a detector with the champion on the same photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atelier.evidence import paired_bootstrap
from atelier.families.detection.config import DetectionPreset
from atelier.jobs.detection.champion import detector_in
from atelier.jobs.detection.exam import milliseconds_per_photo
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Contestant, Decision

HIT = 0.75
"""IoU from which the chosen box counts as right."""
MARGIN = 0.01
"""'Not worse' means that the whole interval lies above minus this."""
CHEAPER = 0.9
"""'Cheaper' means below this share of the champion's time."""
MAX_COST_RATIO = 1.5
MAX_PRECISION_LOSS = 0.03
"""Average precision over all items may not fall by more than this."""


def decide(
    context: Context[DetectionPreset], challenger: Contestant, champion: Contestant | None
) -> Decision:
    """Promote a detector that is better, or as good and cheaper: see `compare`."""
    sides = [challenger] if champion is None else [challenger, champion]
    times = milliseconds_per_photo([detector_in(side.files, threads=1) for side in sides])
    evidence = [
        Evidence(**side.results, milliseconds=float(np.median(own)))
        for side, own in zip(sides, times, strict=True)
    ]
    return compare(evidence[0], evidence[1] if champion else None, context.preset.min_main_hits)


@dataclass(frozen=True)
class Evidence:
    """The results of one detector."""

    main_overlap: list[float]
    """IoU of the chosen box with the truth, search by search."""
    average_precision_50: float
    milliseconds: float

    @property
    def hits(self) -> np.ndarray:
        return np.asarray(self.main_overlap) >= HIT


def compare(challenger: Evidence, champion: Evidence | None, floor: float) -> Decision:
    """Compare the hits of both, photo by photo.

    A challenger is promoted when it is better, or not worse and cheaper, at an acceptable cost and without
    loss on the other items. The first of all needs `floor`.
    """
    if not challenger.main_overlap:
        return Decision(False, "no held-out photo has a known box to judge a detector by")
    share = float(challenger.hits.mean())
    if champion is None:
        ok = share >= floor
        words = "the floor is cleared" if ok else f"below the floor of {floor:.2f}"
        return Decision(ok, f"there is no champion, {share:.3f} of the boxes are right, {words}")
    interval = paired_bootstrap(challenger.hits, champion.hits)
    promoted, reason = _compare(challenger, champion, interval.low)
    return Decision(promoted, reason, interval)


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
