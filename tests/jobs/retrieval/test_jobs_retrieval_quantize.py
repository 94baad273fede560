"""When the student is served in eight bits: only where nothing is lost and something is won."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.jobs.retrieval.quantize import judge

FOUND = np.arange(400) % 2 == 0
"""Half of the queries found their item."""


def flipped(num_lost: int, num_won: int) -> np.ndarray:
    hits = FOUND.copy()
    hits[np.flatnonzero(FOUND)[:num_lost]] = False
    hits[np.flatnonzero(~FOUND)[:num_won]] = True
    return hits


@pytest.mark.parametrize(
    ("lost", "won", "is_kept"),
    [(0, 0, True), (1, 1, True), (2, 4, True), (4, 0, False), (20, 0, False), (12, 12, False)],
)
def test_eight_bits_are_kept_only_when_the_paired_interval_allows_no_loss(
    lost: int, won: int, is_kept: bool
) -> None:
    verdict = judge(FOUND, flipped(lost, won), [2.0, 2.0, 9.0], [1.0, 1.0, 1.0])
    assert (verdict.is_kept, verdict.change.num_queries) == (is_kept, 400)
    assert verdict.change.mean == pytest.approx((won - lost) / 400)
    assert verdict.change.low <= verdict.change.mean
    assert verdict.speed == 2.0


def test_eight_bits_that_are_not_faster_are_not_worth_it() -> None:
    assert not judge(FOUND, FOUND, [1.05], [1.0]).is_kept
    assert judge(FOUND, FOUND, [1.2], [1.0]).is_kept


def test_a_handful_of_queries_proves_nothing() -> None:
    assert not judge(FOUND[:10], FOUND[:10], [2.0], [1.0]).is_kept
    assert not judge(FOUND[:0], FOUND[:0], [2.0], [1.0]).is_kept
