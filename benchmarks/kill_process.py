"""Starts `atelier` commands as a user does, and ends them with `kill -9` at a chosen moment."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from atelier.settings import Settings

MAX_SECONDS = 900.0
"""A command that takes longer hangs."""
_POLL_SECONDS = 0.01
_STEP_TOOK = re.compile(r"step: (.+) took ([0-9.]+) s")


class Commands:
    """Starts commands in one workspace; what they print is kept in `log_dir`."""

    def __init__(self, settings: Settings, log_dir: Path, *, keep_releases: int = 2) -> None:
        self.settings = settings
        self._log_dir = log_dir
        self._numbers = count()
        self._temp_dir = log_dir / "tmp"
        self._temp_dir.mkdir(parents=True)
        self._environment = {
            **os.environ,
            "ATELIER_HOME": str(settings.home),
            "ATELIER_KEEP_RELEASES": str(keep_releases),
            "OMP_NUM_THREADS": "1",
            "TMPDIR": str(self._temp_dir),
        }

    def start(self, *arguments: str) -> Running:
        """Start `atelier ARGUMENTS --json` as the leader of a process group."""
        path = self._log_dir / f"{next(self._numbers):03d}-{arguments[0]}"
        with path.with_suffix(".out").open("w") as stdout, path.with_suffix(".err").open("w") as stderr:
            process = subprocess.Popen(
                [str(Path(sys.executable).parent / "atelier"), *arguments, "--json"],
                env=self._environment,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        return Running(process, path)

    def finish(self, *arguments: str) -> dict[str, Any]:
        """Run a command to its end and return what it printed."""
        return self.start(*arguments).finish()


class Running:
    """A command that was started."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self._process = process
        self._path = path

    @property
    def stderr(self) -> str:
        return self._path.with_suffix(".err").read_text(errors="replace")

    def finish(self) -> dict[str, Any]:
        """Wait for the end. RuntimeError: it failed; the message ends with what it said."""
        try:
            status = self._process.wait(MAX_SECONDS)
        finally:
            self._kill()
        if status != 0:
            raise RuntimeError(f"{self._path.name} ended with {status}:\n{self.stderr[-4000:]}")
        printed: dict[str, Any] = json.loads(self._path.with_suffix(".out").read_text())
        return printed

    def kill_after(self, has_come: Callable[[Running], bool], seconds: float) -> bool:
        """Kill the whole process group `seconds` after a moment has come; False where it ended before."""
        try:
            return self.wait_for(has_come) and not self._ends_within(seconds)
        finally:
            self._kill()

    def wait_for(self, has_come: Callable[[Running], bool]) -> bool:
        """Wait for a moment; False where the command ended before. TimeoutError: it hangs."""
        deadline = time.monotonic() + MAX_SECONDS
        while not has_come(self):
            if self._ends_within(_POLL_SECONDS):
                return False
            if time.monotonic() > deadline:
                self._kill()
                raise TimeoutError(f"{self._path.name} hangs; it said:\n{self.stderr[-4000:]}")
        return True

    def _ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _kill(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def step_begins(name: str) -> Callable[[Running], bool]:
    """Return the moment at which a step of `atelier retrain` says that it begins."""
    return lambda running: f"step: {name}\n" in running.stderr


def step_seconds(stderr: str) -> dict[str, float]:
    """Read how long each step of `atelier retrain` took, in the order of the steps."""
    return {name: float(seconds) for name, seconds in _STEP_TOOK.findall(stderr)}


def files_change(*folders: Path) -> Callable[[Running], bool]:
    """Return the moment at which a file beneath `folders` appears, goes or changes, from now on."""
    before = _states(folders)
    return lambda _running: _states(folders) != before


def _states(folders: tuple[Path, ...]) -> dict[str, tuple[int, int]]:
    found = {}
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                path = Path(parent, name)
                try:
                    status = path.lstat()
                except FileNotFoundError:  # it goes while it is looked at
                    continue
                found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found
