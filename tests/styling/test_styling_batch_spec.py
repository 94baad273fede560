"""A batch is divided into blocks that together hold what was asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from atelier.styling.batch_spec import BLOCK, BatchSpec


@given(num=st.integers(1, 5 * BLOCK))
def test_blocks_together_hold_what_was_asked_for_and_none_is_empty(num: int) -> None:
    order = BatchSpec("r1", "rules", None, num, 3, 0.0, 0)
    sizes = [order.sets_of(block) for block in range(order.num_blocks)]
    assert sum(sizes) == num
    assert all(0 < size <= BLOCK for size in sizes)
    assert sizes[:-1] == [BLOCK] * (len(sizes) - 1)
