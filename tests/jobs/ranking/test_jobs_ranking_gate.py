"""The gate of rankers: clicks and a floor for the first, then better tastes or better probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from atelier.jobs.ranking.examine import RankerAnswers, loss_difference
from atelier.jobs.ranking.gate import compare


def _answers(sharpness: float, seed: int = 0, users: int = 200) -> RankerAnswers:
    """Twenty showings each; clicks follow a taste of which the scores know as much as they are sharp."""
    rng = np.random.default_rng(0)
    taste = rng.normal(size=users * 20)
    clicked = rng.random(len(taste)) < 1 / (1 + np.exp(1.5 - taste))
    noise = np.random.default_rng(seed + 1).normal(size=len(taste))
    score = sharpness * taste + (1 - sharpness) * noise - 1.5
    return RankerAnswers(score, clicked, np.repeat(np.arange(users), 20))


def test_the_gate_asks_the_first_for_the_floor_and_for_clicks() -> None:
    good = _answers(1.0)
    assert compare(good, None, min_auc=0.6, min_clicks=100).promoted
    assert "below the floor" in compare(good, None, min_auc=0.95, min_clicks=100).reason
    held = compare(good, None, min_auc=0.0, min_clicks=10_000)
    assert not held.promoted
    assert held.reason.startswith("not enough evidence")
    nobody = replace(good, clicked_N=np.zeros_like(good.clicked_N))
    assert compare(nobody, None, 0.5, 0).reason.startswith("not enough evidence")
    assert compare(nobody, good, 0.0, 0).reason.startswith("not enough evidence")
    assert compare(nobody, None, 0.0, 0).promoted, "a floor of 0 lets feeds begin"


def test_the_gate_promotes_what_knows_tastes_better_and_holds_the_rest() -> None:
    good, bad = _answers(1.0), _answers(0.3)
    better = compare(good, bad, 0.5, 100)
    assert better.promoted
    assert better.interval is not None
    assert better.interval.low > 0
    assert not compare(bad, good, 0.5, 100).promoted
    assert not compare(good, good, 0.5, 100).promoted


def test_better_probabilities_are_enough_where_the_order_is_the_same() -> None:
    good = _answers(1.0)
    loud = replace(good, score_N=3 * good.score_N)
    assert compare(good, loud, 0.5, 100).promoted
    held = compare(loud, good, 0.5, 100)
    assert not held.promoted
    assert "log loss rises" in held.reason
    louder = loss_difference(loud, good)
    assert louder.low > 0.01
