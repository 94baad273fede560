"""Recall, average precision and the main item on photos whose boxes are known by heart."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.families.detection.metrics import Seen, detection_metrics, iou

LEFT, RIGHT, FAR = (0, 0, 10, 10), (20, 0, 30, 10), (50, 50, 60, 60)


Boxes = list[tuple[int, ...]]


def photo(found: Boxes, scores: list[float], true: Boxes, *, has_main: bool = False) -> Seen:
    return Seen(
        boxes_N4=np.asarray(found, np.float32).reshape(-1, 4),
        kinds_N=("top",) * len(found),
        scores_N=np.asarray(scores, np.float32),
        true_R4=np.asarray(true, np.float32).reshape(-1, 4),
        true_kinds_R=("top",) * len(true),
        has_main=has_main,
    )


def test_overlap_of_boxes_by_hand() -> None:
    overlap = iou(np.asarray([LEFT], np.float32), np.asarray([LEFT, (5, 0, 15, 10), FAR], np.float32))
    np.testing.assert_allclose(overlap, [[1, 1 / 3, 0]], rtol=1e-6)


def test_all_found_is_one_and_a_false_alarm_behind_them_costs_nothing() -> None:
    metrics = detection_metrics([photo([LEFT, RIGHT, FAR], [0.9, 0.8, 0.1], [LEFT, RIGHT])])
    assert metrics["average_precision_50"] == pytest.approx(1)
    assert metrics["recall_75"] == 1
    assert metrics["right_kind"] == 1


def test_a_false_alarm_before_the_truth_costs_precision_and_a_double_is_one() -> None:
    metrics = detection_metrics([photo([FAR, LEFT, LEFT], [0.9, 0.8, 0.7], [LEFT, RIGHT])])
    assert metrics["average_precision_50"] == pytest.approx(0.25)
    assert metrics["recall_50"] == 0.5


def test_the_chosen_box_is_held_against_the_main_item_only_where_there_is_one() -> None:
    rough = (0, 0, 10, 8)
    photos = [
        photo([rough, LEFT], [0.1, 0.9], [LEFT], has_main=True),
        photo([FAR], [0.9], [LEFT], has_main=True),
        photo([FAR], [0.9], [LEFT]),
    ]
    metrics = detection_metrics(photos)
    assert metrics["main/iou"] == pytest.approx(0.4)
    assert (metrics["main/hit_50"], metrics["main/hit_75"], metrics["main/hit_85"]) == (0.5, 0.5, 0)
    assert "main/iou" not in detection_metrics(photos[2:])


def test_no_photos_and_nothing_found_are_zero() -> None:
    assert detection_metrics([])["average_precision_50"] == 0
    assert detection_metrics([photo([], [], [LEFT], has_main=True)])["main/hit_50"] == 0
