"""Computes detection metrics: recall, precision and the main item, in NumPy.

N = boxes that were found, the chosen one first, R = true boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OVERLAPS = (0.5, 0.75)
PRECISE = 0.85
"""IoU from which a box frames the item nearly as the true one does."""


@dataclass(frozen=True)
class Seen:
    """The detections and the ground truth of one photo."""

    boxes_N4: NDArray[np.float32]
    kinds_N: tuple[str, ...]
    scores_N: NDArray[np.float32]
    true_R4: NDArray[np.float32]
    true_kinds_R: tuple[str, ...]
    has_main: bool
    """Whether the first true box is what the photo is about, so that the first found one should be it."""


def detection_metrics(photos: Sequence[Seen]) -> dict[str, float]:
    """Compute `recall_50` and `average_precision_50` over all boxes of any kind, the share of found ones with
    the correct kind, and for photos with a main item `main/hit_50` and `main/iou`; the same at 75, and
    `main/hit_85`.
    """
    metrics: dict[str, float] = {}
    for least in OVERLAPS:
        name = f"{100 * least:.0f}"
        precision, recall, right_kind = _average_precision(photos, least)
        metrics |= {f"average_precision_{name}": precision, f"recall_{name}": recall}
        if least == OVERLAPS[0]:
            metrics["right_kind"] = right_kind
    overlap_Q = main_overlaps(photos)
    if len(overlap_Q):
        metrics["main/iou"] = float(overlap_Q.mean())
        for least in (*OVERLAPS, PRECISE):
            metrics[f"main/hit_{100 * least:.0f}"] = float((overlap_Q >= least).mean())
    return metrics


def main_overlaps(photos: Sequence[Seen]) -> NDArray[np.float32]:
    """Compute the IoU of the chosen box and the main item, for each photo that has one."""
    return np.asarray(
        [
            iou(photo.boxes_N4[:1], photo.true_R4[:1])[0, 0] if len(photo.boxes_N4) else 0.0
            for photo in photos
            if photo.has_main
        ],
        np.float32,
    )


def iou(one_N4: NDArray[np.float32], other_R4: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute intersection over union of each pair, [N, R]."""
    low = np.maximum(one_N4[:, None, :2], other_R4[None, :, :2])
    high = np.minimum(one_N4[:, None, 2:], other_R4[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    area_N, area_R = ((boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (one_N4, other_R4))
    return np.asarray(shared / np.maximum(area_N[:, None] + area_R[None] - shared, 1e-9), np.float32)


def _average_precision(photos: Sequence[Seen], least: float) -> tuple[float, float, float]:
    """Area under the curve of precision over recall, the recall itself, and the share of right kinds."""
    scores: list[float] = []
    hits: list[bool] = []
    kinds: list[bool] = []
    for photo in photos:
        overlap_NR = iou(photo.boxes_N4, photo.true_R4)
        free_R = np.ones(len(photo.true_R4), bool)
        for row in np.argsort(-photo.scores_N, kind="stable"):
            overlap_R = np.where(free_R, overlap_NR[row], -1)
            best = int(overlap_R.argmax()) if len(overlap_R) else -1
            hit = best >= 0 and overlap_R[best] >= least
            scores.append(float(photo.scores_N[row]))
            hits.append(bool(hit))
            if hit:
                free_R[best] = False
                kinds.append(photo.kinds_N[row] == photo.true_kinds_R[best])
    num_true = sum(len(photo.true_R4) for photo in photos)
    hit_N = np.asarray(hits, bool)[np.argsort(-np.asarray(scores), kind="stable")]
    recall_N = hit_N.cumsum() / max(num_true, 1)
    precision_N = hit_N.cumsum() / np.arange(1, len(hit_N) + 1)
    best_after_N = np.maximum.accumulate(precision_N[::-1])[::-1]
    area = float((best_after_N * np.diff(recall_N, prepend=0)).sum())
    return area, float(recall_N[-1]) if len(recall_N) else 0.0, float(np.mean(kinds)) if kinds else 0.0
