"""Run by a test: eight processes open an empty store at once, then a ninth is killed in the middle of a run.

They are forked from one process that has used MLflow already, so that all meet at the database.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from atelier.registry.store import open_registry
from atelier.settings import Settings


class Barrier(Protocol):
    """Either kind: of threads or of processes."""

    def wait(self) -> int: ...


def work(home: Path, number: int, barrier: Barrier) -> None:
    barrier.wait()
    with open_registry(Settings(home=home)).start_run(f"run {number}", f"key-{number}", {}) as run:
        run.metrics({"number": number}, step=0)


def die(home: Path) -> None:
    with open_registry(Settings(home=home)).start_run("killed", "key-killed", {}) as run:
        run.metrics({"loss": 0.5}, step=7)
        run.close()  # so that the metric is surely written before the end
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    home_dir = Path(sys.argv[1])
    with TemporaryDirectory() as elsewhere:
        work(Path(elsewhere), 0, threading.Barrier(1))
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(8)
    children = [fork.Process(target=work, args=(home_dir, number, together)) for number in range(8)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    failed = [child.exitcode for child in children if child.exitcode]
    victim = fork.Process(target=die, args=(home_dir,))
    victim.start()
    victim.join()
    assert victim.exitcode == -signal.SIGKILL
    sys.exit(len(failed))
