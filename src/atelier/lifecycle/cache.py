"""Work on many files that is done once: in threads, and kept in a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from atelier.progress import counted

Task = TypeVar("Task")
Result = TypeVar("Result")


def kept_folder(folder: Path, write: Callable[[Path], None]) -> Path:
    """Return `folder`, made by `write` at the first call; an interrupted attempt is never taken for it."""
    if not folder.exists():
        unfinished = folder.with_name(f".{folder.name}-{os.getpid()}")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        write(unfinished)
        try:
            unfinished.replace(folder)
        except OSError:
            if not folder.exists():
                raise
            shutil.rmtree(unfinished)  # another process was first, with the same content
    return folder


def in_threads(
    work: Callable[[Task], Result], tasks: Sequence[Task], label: str, progress: bool
) -> list[Result]:
    """Do `work` to every task in threads and return the results in order."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 16)) as pool:
        done = pool.map(work, tasks)
        return list(counted(done, label, len(tasks), unit="photos", shown=progress))
