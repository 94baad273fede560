"""Batches of sets hold the rows that were asked for."""

from __future__ import annotations

import numpy as np

from atelier.families.outfit.sets import Sets


def test_a_batch_has_the_sets_in_the_order_asked() -> None:
    sets = Sets(np.array([[1, 2, -1], [3, 4, 5]]), np.array([0, 7]), np.array([True, False]))
    batch = sets.collate(sets.__getitems__([1, 0, 1]))
    assert len(sets) == 2
    assert batch.rows_BP.tolist() == [[3, 4, 5], [1, 2, -1], [3, 4, 5]]
    assert batch.source_B.tolist() == [7, 0, 7]
    assert batch.liked_B.tolist() == [False, True, False]
