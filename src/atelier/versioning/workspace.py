"""Reads the current version of `data/`, and replaces it in one step.

A folder cannot be replaced atomically, so the step is a small file that says which one is to come. It is
written once that folder is complete beside the stores; from then on whoever looks finishes the replacing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from atelier.errors import VersionError
from atelier.settings import Settings
from atelier.versioning.version import DataVersion, pointed_digest, recorded, write_at_once

LOCK_TIMEOUT_SECONDS = 600


def current(settings: Settings) -> DataVersion | None:
    """Return the version that `data.dvc` points to; None where it was not accepted in this home."""
    if _plan_path(settings).is_file():
        with to_ourselves(settings):
            finish_replacing(settings)
    digest = pointed_digest(settings)
    return None if digest is None else recorded(settings, digest)


def incoming_dir(settings: Settings) -> Path:
    """Return the folder in which a restore is prepared; on the same disk as `data/`, so that it can be
    renamed.
    """
    return settings.stores_dir / "restoring"


def replace_data(settings: Settings, version: DataVersion) -> None:
    """Rename `incoming_dir`, which must be complete, to `data/`, and point `data.dvc` to `version`."""
    write_at_once(_plan_path(settings), version.digest)
    finish_replacing(settings)


def finish_replacing(settings: Settings) -> None:
    """Finish an interrupted `replace_data`; does nothing where there was none."""
    if not _plan_path(settings).is_file():
        return
    version = recorded(settings, _plan_path(settings).read_text())
    assert version is not None, "a replacing was planned for a version that has no record"
    incoming, outgoing = incoming_dir(settings), settings.stores_dir / "replaced"
    if incoming.exists():
        if settings.data_dir.exists():
            shutil.rmtree(outgoing, ignore_errors=True)
            settings.data_dir.rename(outgoing)
        incoming.rename(settings.data_dir)
    write_at_once(settings.data_pointer_path, version.pointer)
    shutil.rmtree(outgoing, ignore_errors=True)
    _plan_path(settings).unlink()


def _plan_path(settings: Settings) -> Path:
    return settings.stores_dir / "restoring.plan"


@contextmanager
def to_ourselves(settings: Settings) -> Iterator[None]:
    """Lock the versions of a home for this process; the system frees the lock of a killed one."""
    path = settings.stores_dir / "versions.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=LOCK_TIMEOUT_SECONDS)
    try:
        lock.acquire()
    except Timeout as timeout:
        raise VersionError(
            f"another process has held {path} for {LOCK_TIMEOUT_SECONDS} s (expected to wait for seconds). "
            f"Wait until it has finished its snapshot or restore, or end it, and run this again."
        ) from timeout
    try:
        yield
    finally:
        lock.release()
