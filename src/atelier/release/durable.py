"""Writes that outlive a power cut: contents are synced before the name that stands for them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def digest_of(path: Path) -> str:
    """Compute the sha256 of a file. OSError: it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a text and sync it."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def append_line(path: Path, line: str) -> None:
    """Append a line and sync it.

    The line break comes first: a torn last line, of a process killed here, spoils no later one.
    """
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + line)
        file.flush()
        os.fsync(file.fileno())


def sync_folders(folder: Path) -> None:
    """Make the names in a folder and in all folders below it durable."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            sync_folder(path)


def sync_folder(folder: Path) -> None:
    """Make the names in one folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
