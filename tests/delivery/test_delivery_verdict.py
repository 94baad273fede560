"""A new ranker goes out on evidence alone: intervals, margins, and enough support."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from atelier.delivery.off_policy import (
    ESTIMATORS,
    Log,
    Predictions,
)
from atelier.delivery.verdict import RankerVerdict, VerdictRules, decide

# X = contexts, A = sets
_RNG = np.random.default_rng(5)
LOGGED_XA = _RNG.dirichlet(np.full(8, 2.0), 5) * 0.8 + 0.2 / 8
NEW_XA = _RNG.dirichlet(np.full(8, 1.0), 5) * 0.9 + 0.1 / 8
CLICK_XA = _RNG.uniform(0.02, 0.9, (5, 8))
LOGGED_TRUTH = float((LOGGED_XA * CLICK_XA).sum(1).mean())


def simulated(seed: int, num: int = 1500, new_XA: np.ndarray = NEW_XA, guess: np.ndarray = CLICK_XA) -> Log:
    rng = np.random.default_rng(seed)
    context = rng.integers(5, size=num)
    shown = (rng.random((num, 1)) > LOGGED_XA.cumsum(1)[context]).sum(1)
    return Log(
        (rng.random(num) < CLICK_XA[context, shown]).astype(float),
        LOGGED_XA[context, shown],
        new_XA[context, shown],
        predictions=Predictions(
            guess[context, shown], (new_XA * guess).sum(1)[context], (LOGGED_XA * guess).sum(1)[context]
        ),
    )


def better() -> np.ndarray:
    """The logged policy, leaning to what is clicked."""
    leaning = LOGGED_XA * np.exp(4 * CLICK_XA)
    return np.asarray(leaning / leaning.sum(1, keepdims=True))


def test_a_better_ranker_goes_out_and_a_worse_one_is_held() -> None:
    good = decide("ranking 2", simulated(0, 4000, better()))
    assert (good.release, good.enough) == (True, True)
    assert good.difference.estimator == "doubly robust"
    assert good.difference.low > 0
    bad = LOGGED_XA**2 / better()
    held = decide("ranking 3", simulated(0, 4000, bad / bad.sum(1, keepdims=True)))
    assert not held.release
    assert held.enough
    assert held.reason.startswith("worse")


def test_a_ranker_worse_by_the_margin_goes_out_as_seldom_as_stated() -> None:
    """With the margin at what it truly loses or gains: 2.5 % of trials."""
    new = LOGGED_XA + 0.5 * (NEW_XA - LOGGED_XA)
    loss = LOGGED_TRUTH - float((new * CLICK_XA).sum(1).mean())
    assert loss > 0
    rules = VerdictRules(margin=loss)
    released = [decide("ranking 2", simulated(seed, 1500, new), rules).release for seed in range(400)]
    assert 0.005 < np.mean(released) < 0.05


def test_within_the_margin_is_not_worse() -> None:
    log = simulated(4, 4000, 0.97 * LOGGED_XA + 0.03 * NEW_XA)
    strict, lenient = (
        decide("ranking 2", log, VerdictRules()),
        decide("ranking 2", log, VerdictRules(margin=0.01)),
    )
    assert not strict.release
    assert lenient.release
    assert lenient.reason == "not worse by more than 0.0100"


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (simulated(0, 40), "40 users are too few"),
        (replace(simulated(0), outside_N=np.full(1500, 0.2)), "with probability 0.200 it shows sets"),
        (simulated(0, 300), "are worth"),
        (replace(simulated(0), new_N=simulated(0).new_N * 0.5), "in the mean instead of 1"),
        (replace(simulated(0), new_N=np.zeros(1500)), "are worth 0"),
    ],
)
def test_thin_evidence_holds_whatever_the_estimate(log: Log, message: str) -> None:
    verdict = decide("ranking 2", log)
    assert not verdict.release
    assert not verdict.enough
    assert verdict.reason.startswith("not enough evidence")
    assert message in verdict.reason


def test_one_heavy_showing_decides_nothing() -> None:
    log = simulated(0)
    logged = np.array(log.logged_N)
    logged[0] = 1e-4
    verdict = decide("ranking 2", replace(log, logged_N=logged), VerdictRules(min_effective_size=1))
    assert not verdict.enough
    assert "of the weight" in verdict.reason


def test_a_verdict_is_read_back_and_reported() -> None:
    verdict = decide("ranking 2", simulated(0, 4000, better()))
    assert RankerVerdict.from_json(verdict.to_json()) == verdict
    report = verdict.to_markdown()
    assert report.startswith("# Ranker: may go out")
    assert all(name in report for name in ESTIMATORS)
    without = decide("ranking 2", replace(simulated(0), predictions=None))
    assert without.difference.estimator == "self-normalised"
    assert RankerVerdict.from_json(without.to_json()) == without
