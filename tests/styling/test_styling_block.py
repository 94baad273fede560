"""One block of a batch: what each item may be used in it."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.styling import batch_spec, block
from atelier.styling.batch_spec import BatchSpec


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_spec, "BLOCK", 4)


@pytest.mark.parametrize("most_uses", [1, 5, 7, 23])
@pytest.mark.parametrize("num_blocks", [1, 3, 7])
@pytest.mark.usefixtures("small_blocks")
def test_what_an_item_may_be_used_in_all_blocks_sums_to_its_limit(most_uses: int, num_blocks: int) -> None:
    order = BatchSpec("r", "rules", None, 4 * num_blocks, most_uses, 0.0, seed=3)
    assert order.num_blocks == num_blocks
    limits = [block._limits(order, number, 50) for number in range(num_blocks)]
    assert (np.sum(limits, axis=0) == most_uses).all()
