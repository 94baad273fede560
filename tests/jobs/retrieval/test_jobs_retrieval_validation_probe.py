"""A change is one when enough searches say so."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.jobs.retrieval.validation_probe import MIN_QUERIES, Change


@pytest.mark.parametrize(
    ("num", "lost", "loses_nothing"),
    [
        (1000, 0, True),
        (1000, 3, True),
        (1000, 40, False),
        (MIN_QUERIES, 0, True),
        (MIN_QUERIES - 1, 0, False),
    ],
    ids=["equal", "within the margin", "beyond it", "just enough", "too few"],
)
def test_a_loss_within_the_margin_is_none(num: int, lost: int, loses_nothing: bool) -> None:
    before_Q = np.ones(num, bool)
    after_Q = np.arange(num) >= lost
    change = Change.between(before_Q, after_Q)
    assert change.num_queries == num
    assert change.mean == pytest.approx(-lost / num)
    assert change.low <= change.mean
    assert change.loses_nothing is loses_nothing


def test_the_bound_is_that_of_paired_differences() -> None:
    before_Q, after_Q = np.arange(100) % 2 == 0, np.arange(100) % 4 == 0
    gain_Q = after_Q.astype(float) - before_Q
    expected = gain_Q.mean() - 1.645 * gain_Q.std() / 10
    assert Change.between(before_Q, after_Q).low == pytest.approx(expected)


def test_no_searches_show_nothing() -> None:
    change = Change.between(np.zeros(0, bool), np.zeros(0, bool))
    assert (change.num_queries, change.mean, change.loses_nothing) == (0, 0.0, False)
