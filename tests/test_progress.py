"""Long steps speak: a bar on a terminal, a line now and then elsewhere, nothing for those who want none."""

from __future__ import annotations

import ast
import contextvars
import io
import logging
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from atelier import progress
from atelier.cli.output import progress_on_stderr
from atelier.progress import Progress, counted, silence, write

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.02)
    caplog.set_level(logging.INFO, "atelier.progress")
    yield
    assert progress._open == [], "every step was closed"


def wait_for(caplog: pytest.LogCaptureFixture, pattern: str) -> None:
    until = time.monotonic() + 10
    while not any(re.search(pattern, line) for line in caplog.messages):
        assert time.monotonic() < until, f"no line {pattern!r} in {caplog.messages}"
        time.sleep(0.005)


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_a_line_is_due_every_20_seconds() -> None:
    tree = ast.parse(Path(progress.__file__).read_text())
    values = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    assert ast.literal_eval(values["SECONDS_BETWEEN_LINES"]) == 20


def test_a_line_tells_step_share_and_time_left(caplog: pytest.LogCaptureFixture) -> None:
    with Progress("training", 1200, unit="steps", done=200) as step:
        step.update(100)
        step.note("loss 2.1")
        wait_for(caplog, r"^training: 300 of 1,200 steps, 25 %, \d\d:\d\d left, loss 2\.1$")


def test_time_left_is_reckoned_from_what_was_done_in_this_sitting(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("atelier.progress.time.monotonic", lambda: now[0])
    step = Progress("training", 1000, unit="steps", done=500, shown=False)
    assert step.line() == "training: 500 of 1,000 steps, 50 %"
    now[0] = 110.0
    step.update(100)
    assert step.line() == "training: 600 of 1,000 steps, 60 %, 00:40 left"
    step.update(400)
    assert step.line() == "training: 1,000 of 1,000 steps, 100 %, 00:00 left"


def test_a_step_that_does_not_advance_speaks_too(caplog: pytest.LogCaptureFixture) -> None:
    with Progress("training", 10, unit="steps"):
        wait_for(caplog, "^training: 0 of 10 steps, 0 %$")
    with Progress("publish"):
        wait_for(caplog, r"^publish: 00:00 so far$")
    with Progress("reading", 0, unit="photos") as step:
        assert step.line() == "reading: 0 of 0 photos, 100 %"


def test_only_the_innermost_step_speaks(caplog: pytest.LogCaptureFixture) -> None:
    with Progress("train the teacher"):
        with Progress("training", 10, unit="steps"):
            wait_for(caplog, "^training")
            caplog.clear()
            wait_for(caplog, "^training")
            assert not [line for line in caplog.messages if line.startswith("train the teacher")]
        wait_for(caplog, "^train the teacher: ")


def test_a_short_step_says_nothing(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 20.0)
    assert list(counted([1, 2, 3], "reading", unit="photos")) == [1, 2, 3]
    assert caplog.messages == []


def test_counting_goes_on_with_what_it_counts(caplog: pytest.LogCaptureFixture) -> None:
    for number in counted(iter("abc"), "reading", 3, unit="photos"):
        if number == "b":
            wait_for(caplog, r"^reading: 1 of 3 photos, 33 %")


def test_a_terminal_gets_a_bar_and_no_lines(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    screen = at_terminal(monkeypatch)
    with Progress("training", 10, unit="steps", done=4) as step:
        step.update(2)
        step.note("loss 2.1")
        time.sleep(0.06)
        write("a photo is broken")
    assert "training:" in screen.getvalue()
    assert "loss 2.1" in screen.getvalue()
    assert "a photo is broken\n" in screen.getvalue()
    assert caplog.messages == []


@pytest.mark.parametrize("terminal", [True, False])
def test_who_wants_no_progress_gets_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, terminal: bool
) -> None:
    screen = at_terminal(monkeypatch) if terminal else io.StringIO()
    with Progress("training", 10, shown=False) as step:
        step.update()
        time.sleep(0.06)
    with silence(), Progress("training", 10) as step:
        step.update()
        time.sleep(0.06)
    assert (screen.getvalue(), caplog.messages) == ("", [])


def test_a_quiet_command_prints_warnings_only(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("atelier.somewhere")
    for quiet in (False, True):
        with progress_on_stderr(quiet), Progress("training", 10, unit="steps"):
            log.info("step: train")
            log.warning("a checkpoint is damaged")
            time.sleep(0.06)
        printed = capsys.readouterr().err
        assert ("step: train" in printed, "training: 0 of 10" in printed) == (not quiet, not quiet)
        assert "a checkpoint is damaged" in printed


def test_a_command_says_that_it_is_at_work(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_on_stderr():
        time.sleep(0.1)
    assert "still at work: 00:00 so far" in capsys.readouterr().err


def test_a_line_belongs_to_whoever_opened_the_step(caplog: pytest.LogCaptureFixture) -> None:
    flow_run = contextvars.ContextVar("flow_run", default="none")
    seen = set()

    class Listening(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            seen.add((record.getMessage(), flow_run.get()))
            return True

    listening = Listening()
    progress.log.addFilter(listening)
    try:
        flow_run.set("retrain-daily")
        with Progress("training", 10, unit="steps"):
            wait_for(caplog, "^training")
    finally:
        progress.log.removeFilter(listening)
    assert seen == {("training: 0 of 10 steps, 0 %", "retrain-daily")}


def test_a_step_that_fails_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ZeroDivisionError), Progress("training", 10):
        raise ZeroDivisionError
    time.sleep(0.05)
    caplog.clear()
    time.sleep(0.05)
    assert caplog.messages == []
