"""Gives libraries plain paths for folders of any name, and lists people's own files in a folder.

LanceDB percent-encodes the path of a part of what it writes, DVC fills in `{braces}` and `$VARIABLES`. They
get another name of the same folder, which has no character to misread.
"""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
_DESCRIPTORS = Path("/proc/self/fd")
_opened: dict[tuple[str, int, int], int] = {}
_lock = threading.Lock()


def is_plain(folder: Path) -> bool:
    """Test whether every library reads the folder's name correctly."""
    return _PLAIN.fullmatch(str(folder)) is not None


def has_aliases() -> bool:
    """Test whether this system gives open folders a second name; Linux does."""
    return _DESCRIPTORS.is_dir()


def plain(folder: Path) -> Path:
    """Return the folder itself if its name is plain, else a plain name of it that this process alone can use.

    An alias lasts as long as the process, also when the folder is moved meanwhile. A folder that is not there
    is made. Never keep an alias in a file, and never hand one to another process.
    """
    if is_plain(folder) or not has_aliases():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    seen = folder.stat()
    key = (str(folder), seen.st_dev, seen.st_ino)  # a folder that was removed and made again is another one
    with _lock:
        if key not in _opened:
            _opened[key] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        return _DESCRIPTORS / str(_opened[key])


def real(path: str | Path) -> Path:
    """Return the path that people know, of one that may begin with an alias."""
    return Path(path).resolve() if Path(path).is_relative_to(_DESCRIPTORS) else Path(path)


@dataclass(frozen=True)
class LeftOut:
    """A file that a person put into the workspace and that cannot be used."""

    file: str
    """'templates/summer.json'."""
    reason: str
    """A sentence that begins with the file."""

    @classmethod
    def because(cls, path: Path, error: Exception) -> Self:
        """Name the file as the workspace knows it: answers of a server tell nobody where its disks are."""
        name = f"{path.parent.name}/{path.name}"
        text = str(error).replace(str(path), name).replace(f"{path.parent}{os.sep}", f"{path.parent.name}/")
        return cls(name, text if text.startswith(name) else f"{name}: {text}")

    def __str__(self) -> str:
        return self.reason


def own_files(folder: Path, suffix: str) -> list[Path]:
    """List people's files in a folder, by name, without hidden and temporary files of editors and systems.

    OSError: the folder cannot be listed. None where there is no folder.
    """
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in found if path.suffix == suffix and not _is_temporary(path)]


def require_file(path: Path) -> None:
    """Require a regular file. OSError: reading it would not end, as a pipe, or is impossible, as a folder."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is no file")


def _is_temporary(path: Path) -> bool:
    is_beside_another = Path(path.stem).suffix in {".tmp", ".temp", ".part", ".partial", ".bak", ".swp"}
    return path.name.startswith((".", "~", "#")) or is_beside_another
