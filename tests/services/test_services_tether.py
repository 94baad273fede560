"""A tethered command ends with whoever asked for it, its children too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

TETHER = (sys.executable, "-m", "atelier.services.tether")
SLEEPER = (
    "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print('up', flush=True); time.sleep(60)"
)


def _wait_until_gone(pids: list[int], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
            return True
        time.sleep(0.02)
    return False


def test_the_exit_code_is_that_of_the_command() -> None:
    command = (*TETHER, str(os.getpid()), sys.executable, "-c", "raise SystemExit(7)")
    assert subprocess.run(command, check=False).returncode == 7


def test_a_parent_that_is_gone_already_starts_nothing(tmp_path: Path) -> None:
    command = (*TETHER, str(os.getpid() + 100_000), "touch", str(tmp_path / "made"))
    assert subprocess.run(command, check=False).returncode == 1
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_whole_group_ends_when_the_parent_dies_however_it_died(number: signal.Signals) -> None:
    code = (
        "import os, subprocess, sys\n"
        f"subprocess.run([*{TETHER!r}, str(os.getpid()), sys.executable, '-c', {SLEEPER!r}])"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        children = [child.pid for child in psutil.Process(parent.pid).children(recursive=True)]
        assert len(children) == 3, "the tether, the command, and its own child"
        parent.send_signal(number)
        parent.wait()
        assert _wait_until_gone(children)
