"""Batches of cutouts hold the rows that were asked for."""

from __future__ import annotations

import numpy as np

from atelier.families.detection.products import Cutouts

CUTOUTS = Cutouts(
    np.arange(3 * 4 * 2 * 2, dtype=np.uint8).reshape(3, 4, 2, 2),
    np.arange(12, dtype=np.float32).reshape(3, 4),
    np.array([5, 6, 7]),
)


def test_a_batch_has_the_rows_in_the_order_asked() -> None:
    batch = Cutouts.collate(CUTOUTS.__getitems__([2, 0, 2]))
    assert batch.kind_B.tolist() == [7, 5, 7]
    assert batch.extents_B4.tolist() == [[8, 9, 10, 11], [0, 1, 2, 3], [8, 9, 10, 11]]
    assert np.array_equal(batch.frames_B4FF.numpy(), CUTOUTS.frames_N4FF[[2, 0, 2]])


def test_a_single_row_is_a_batch_of_one() -> None:
    assert len(CUTOUTS) == 3
    assert CUTOUTS[1].kind_B.tolist() == [6]
