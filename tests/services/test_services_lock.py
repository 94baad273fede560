"""The lock: one holder at a time, named to the others, and gone with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from atelier.errors import ServiceError
from atelier.services import lock

HOLD = """
import os, sys, time
from pathlib import Path
from atelier.services import lock
with lock.hold(Path(sys.argv[1]), "a test", colour="blue"):
    if "fork" in sys.argv and os.fork() == 0:
        time.sleep(60)
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_process_holding(path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(path), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            os.killpg(holder.pid, signal.SIGKILL)


def test_a_second_holder_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "stores" / "x.lock"
    with another_process_holding(path) as holder:
        with (
            pytest.raises(ServiceError, match=rf"a test \(process {holder.pid}\) has held .*x\.lock"),
            lock.hold(path, "me"),
        ):
            pass
        facts = lock.held_by(path)
    assert facts is not None
    assert facts["colour"] == "blue"


def test_a_killed_holder_lets_go_at_once_even_when_its_children_live_on(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with another_process_holding(path, "fork") as holder:
        os.kill(holder.pid, signal.SIGKILL)
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
        with lock.hold(path, "me"):
            pass


def test_a_lock_that_nobody_holds_has_no_holder(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    assert lock.held_by(path) is None
    with lock.hold(path, "me"):
        pass
    assert lock.held_by(path) is None
