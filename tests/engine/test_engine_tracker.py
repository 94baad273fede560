"""Small trackers remember, print, or listen to nothing."""

from __future__ import annotations

import pytest

from atelier.engine.task import Tracker
from atelier.engine.tracker import ConsoleTracker, ListTracker, NullTracker


def test_a_list_gives_one_metric_by_step_and_the_later_value_counts() -> None:
    tracker = ListTracker()
    tracker.metrics({"loss": 1.0}, 1)
    tracker.metrics({"accuracy": 0.5}, 1)
    tracker.metrics({"loss": 0.8}, 1)
    tracker.metrics({"loss": 0.5}, 2)
    assert tracker.curve("loss") == {1: 0.8, 2: 0.5}
    assert tracker.curve("none") == {}


def test_parameters_told_twice_are_joined() -> None:
    tracker = ListTracker()
    tracker.params({"a": 1, "b": 2})
    tracker.params({"b": 3})
    assert tracker.told_params == {"a": 1, "b": 3}


def test_the_console_has_a_line_for_each_report(capsys: pytest.CaptureFixture[str]) -> None:
    ConsoleTracker().params({"seed": 3})
    ConsoleTracker().metrics({"loss": 0.123456, "rate": 1e-3}, 1200)
    assert capsys.readouterr().out.splitlines() == ["seed=3", "step   1,200  loss 0.1235  rate 0.001"]


def test_nothing_is_heard_by_the_one_that_listens_to_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tracker: Tracker = NullTracker()
    tracker.params({"a": 1})
    tracker.metrics({"loss": 1.0}, 1)
    assert capsys.readouterr() == ("", "")
