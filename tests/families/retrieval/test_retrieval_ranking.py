"""Ranks and MAP@R of the public protocols: the fast form against an obvious slow one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from atelier.families.retrieval.ranking import NONE, NOT_FOUND, Ranked, rank_exactly


def slowly(
    query_BD: NDArray[np.float32],
    gallery_GD: NDArray[np.float32],
    query_item_B: NDArray[np.int64],
    gallery_item_G: NDArray[np.int64],
    own_row_B: NDArray[np.int64],
    missing_G: NDArray[np.bool_],
) -> Ranked:
    """One query, one gallery row, one rank at a time; among equals the wrong ones stand first."""
    ranks, precisions = [], []
    for query, item, own in zip(query_BD, query_item_B, own_row_B, strict=True):
        rows = [row for row in range(len(gallery_GD)) if row != own]
        num_right = sum(gallery_item_G[row] == item for row in rows)
        answers = [row for row in rows if not missing_G[row]]
        similarity = {row: float(query @ gallery_GD[row]) for row in answers}
        answers.sort(key=lambda row: (-similarity[row], gallery_item_G[row] == item))
        right = [bool(gallery_item_G[row] == item) for row in answers]
        ranks.append(right.index(True) if any(right) else NOT_FOUND)
        total = 0.0
        for place in range(1, num_right + 1):
            if place <= len(right) and right[place - 1]:
                total += sum(right[:place]) / place
        precisions.append(total / num_right if num_right else 0.0)
    return Ranked(np.asarray(ranks), np.asarray(precisions))


@pytest.mark.parametrize("seed", range(8))
def test_ranks_and_precisions_are_those_of_the_slow_way(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Whole numbers in three dimensions: exact products and many ties.
    gallery_GD = rng.integers(-2, 3, (40, 3)).astype(np.float32)
    gallery_item_G = rng.integers(0, 9, 40)
    rows = rng.integers(0, 40, 25)
    query_BD = gallery_GD[rows] + rng.integers(-1, 2, (25, 3)).astype(np.float32)
    query_item_B = np.where(rng.random(25) < 0.1, 99, gallery_item_G[rows])
    own_row_B = np.where(rng.random(25) < 0.5, rows, NONE)
    missing_G = rng.random(40) < 0.15
    arguments = (query_BD, gallery_GD, query_item_B, gallery_item_G, own_row_B, missing_G)
    fast, slow = rank_exactly(*arguments), slowly(*arguments)
    np.testing.assert_array_equal(fast.rank_B, slow.rank_B)
    np.testing.assert_allclose(fast.average_precision_B, slow.average_precision_B)


def test_a_photo_never_finds_itself() -> None:
    gallery_GD = np.eye(3, dtype=np.float32)
    items = np.asarray([0, 0, 1])
    nothing_missing = np.zeros(3, bool)
    with_itself = rank_exactly(gallery_GD, gallery_GD, items, items, np.full(3, NONE), nothing_missing)
    without = rank_exactly(gallery_GD, gallery_GD, items, items, np.arange(3), nothing_missing)
    assert list(with_itself.rank_B) == [0, 0, 0]
    assert list(without.rank_B) == [1, 1, NOT_FOUND], (
        "ties count against it, and the third has no other photo"
    )


def test_map_at_r_of_an_example_worked_by_hand() -> None:
    """R = 3, right at places 1, 3 and 4: (1/1 + 2/3) / 3, for the fourth place lies beyond R."""
    gallery_GD = np.asarray([[1.0], [0.9], [0.8], [0.7]], np.float32)
    ranked = rank_exactly(
        np.ones((1, 1), np.float32),
        gallery_GD,
        np.asarray([5]),
        np.asarray([5, 6, 5, 5]),
        np.asarray([NONE]),
        np.zeros(4, bool),
    )
    assert ranked.average_precision_B[0] == pytest.approx((1 + 2 / 3) / 3)
