"""Locks a file for one process at a time; the lock ends with its process and names its holder."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from atelier.errors import ServiceError
from atelier.settings import Settings


def workspace(settings: Settings) -> Path:
    """Return the lock of everything that changes this workspace's data, models or releases."""
    return settings.stores_dir / "workspace.lock"


@contextmanager
def hold(path: Path, holder: str, **facts: str) -> Iterator[None]:
    """Holds `path` for the length of the block; `ServiceError` says who holds it already.

    The kernel frees the lock when the process ends, however it ends. `facts` are for `held_by`.
    A POSIX record lock, because forked children (data loader workers) do not inherit it: after a kill they
    cannot keep it from the next run. It does not tell two threads of one process apart.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        if not _try_lock(file.fileno()):
            by = _read_facts(path)
            raise ServiceError(
                f"{by.get('holder', 'another process')} (process {by.get('pid', 'unknown')}) has held {path} "
                f"since {by.get('since', 'a moment ago')}, and only one may at a time. Wait until it ends, "
                f"or end it: the lock goes with its process."
            )
        _write_facts(path, {"holder": holder, "pid": str(os.getpid()), "since": _now(), **facts})
        yield


def held_by(path: Path) -> dict[str, str] | None:
    """Read what the holder of `path` wrote about itself, or None when nobody holds it. Not for the holder
    itself.
    """
    if not path.exists():
        return None
    with path.open("a") as file:
        return None if _try_lock(file.fileno()) else _read_facts(path)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX allows EAGAIN and EACCES.
        return False
    return True


def _facts_path(path: Path) -> Path:
    # A file of its own: closing any descriptor of a file frees this process's record locks on it.
    return path.with_name(path.name + ".json")


def _write_facts(path: Path, facts: dict[str, str]) -> None:
    new_path = _facts_path(path).with_suffix(".new")
    new_path.write_text(json.dumps(facts))
    new_path.replace(_facts_path(path))


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(_facts_path(path).read_text())
    except FileNotFoundError:  # The holder has the lock and has not written yet.
        return {}
    return facts


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
