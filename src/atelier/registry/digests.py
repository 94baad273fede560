"""Hashes the files of a folder with sha256."""

from __future__ import annotations

import hashlib
from pathlib import Path


def digests_of(folder: Path) -> dict[str, str]:
    """Hash every file beneath a folder, by its relative path, in order."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                digests[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests
