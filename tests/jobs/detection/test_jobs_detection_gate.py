"""The gate of detectors: a floor for the first, then better, or as good and cheaper."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atelier.jobs.detection.gate import Evidence, compare

GOOD = Evidence([0.9] * 80 + [0.2] * 20, average_precision_50=0.5, milliseconds=6)
BETTER = Evidence([0.9] * 95 + [0.2] * 5, average_precision_50=0.5, milliseconds=6)


def test_the_gate_asks_the_first_for_the_floor_and_any_for_evidence() -> None:
    assert compare(GOOD, None, floor=0.7).promoted
    assert not compare(GOOD, None, floor=0.9).promoted
    assert "no held-out photo" in compare(replace(GOOD, main_overlap=[]), None, floor=0).reason


def test_the_gate_promotes_what_is_better_and_what_is_as_good_and_cheaper() -> None:
    better = compare(BETTER, GOOD, floor=0)
    assert better.promoted
    assert better.interval is not None
    assert better.interval.low > 0
    assert better.interval.difference == pytest.approx(0.15)
    assert not compare(GOOD, BETTER, floor=0).promoted
    assert not compare(GOOD, GOOD, floor=0).promoted
    assert compare(replace(GOOD, milliseconds=3), GOOD, floor=0).promoted


def test_the_gate_holds_what_costs_too_much_or_loses_the_other_items() -> None:
    assert "times the cost" in compare(replace(BETTER, milliseconds=12), GOOD, floor=0).reason
    lost = compare(replace(BETTER, average_precision_50=0.4), GOOD, floor=0)
    assert (lost.promoted, "average precision" in lost.reason) == (False, True)
