"""The files of a drop, seen alike whether they lie in a folder or in a zip: `fpi/images.zip/1164.jpg`.

Nothing is ever unpacked to disk, so a member's name cannot reach outside; sizes are limited before and while
reading, so a small zip cannot grow large in memory.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from atelier.errors import DropError, PictureError

MAX_MEMBER_BYTES = 256 * 2**20
"""Larger pictures and tables are refused; the largest table of a million photos is about half as large."""
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
_IGNORED_FOLDERS = frozenset({"__MACOSX", "queries"})
"""`queries` holds held-out searches beside the products of an evaluation; they are no part of a drop."""
_ENCRYPTED = 0x1
_LONGEST_LINE = 2**20
"""Bytes; a longer line is cut, so that a file without line ends cannot grow large in memory."""
_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)
"""What reading a file may raise; of zipfile, RuntimeError (and NotImplementedError) tells of odd packing."""


@dataclass(frozen=True)
class File:
    """One file on disk or one member of a zip."""

    path: PurePosixPath
    """Relative to the drop; a zip counts as a folder."""
    num_bytes: int
    source: Path | tuple[zipfile.ZipFile, zipfile.ZipInfo]

    def read(self) -> bytes:
        """All bytes; raises PictureError where they cannot be had, whole and within the limit."""
        if self.num_bytes > MAX_MEMBER_BYTES:
            raise PictureError(
                f"{self.path} has {self.num_bytes:,} bytes; at most {MAX_MEMBER_BYTES:,} are accepted"
            )
        try:
            if isinstance(self.source, Path):
                return self.source.read_bytes()
            return _read_member(*self.source)
        except _UNREADABLE as error:
            raise PictureError(f"{self.path} cannot be read: {error}") from error

    def head(self, num_bytes: int) -> bytes:
        """The first bytes, to tell what it is; none where they cannot be had."""
        with suppress(*_UNREADABLE), self._open() as stream:
            return stream.read(num_bytes)
        return b""

    def lines(self) -> Iterator[bytes]:
        """Line by line, however large the file is; raises PictureError where it cannot be read to its end."""
        try:
            with self._open() as stream:
                while line := stream.readline(_LONGEST_LINE):
                    yield line
        except _UNREADABLE as error:
            raise PictureError(f"{self.path} cannot be read: {error}") from error

    def _open(self) -> IO[bytes]:
        if isinstance(self.source, Path):
            return self.source.open("rb")
        archive, member = self.source
        if member.flag_bits & _ENCRYPTED:
            raise ValueError("it is encrypted; expected a zip without a password")
        return archive.open(member)


class Files:
    """All files beneath a folder and inside the zips there, by their path relative to it."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise DropError(f"{root} is not a folder; `atelier ingest` takes the folder that holds a drop")
        self.by_path: Mapping[PurePosixPath, File] = {file.path: file for file in _walk(root)}

    def folders(self) -> list[PurePosixPath]:
        """Every folder with a file in it or beneath it, in order of their names; a zip is one."""
        return sorted({folder for path in self.by_path for folder in path.parents})

    def get(self, path: PurePosixPath) -> File | None:
        return self.by_path.get(path)

    def pictures(self, folder: PurePosixPath, without: frozenset[PurePosixPath]) -> Iterator[File]:
        """The pictures beneath a folder, but not those in the folders `without`, which are other layouts'."""
        for path, file in self.by_path.items():
            if path.suffix.lower() in PICTURE_SUFFIXES and folder in path.parents:
                inner = path.parents[: path.parents.index(folder)] if without else ()
                if without.isdisjoint(inner):
                    yield file


def _walk(root: Path) -> Iterator[File]:
    """Files in order of their paths. Links to other places are not followed: a drop brings its own bytes."""
    inside = root.resolve()
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not _is_ignored(name))
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or not path.resolve().is_relative_to(inside) or not path.is_file():
                continue
            relative = PurePosixPath(path.relative_to(root).as_posix())
            if name.lower().endswith(".zip"):
                yield from _walk_zip(path, relative)
            else:
                yield File(relative, path.stat().st_size, path)


def _walk_zip(path: Path, relative: PurePosixPath) -> Iterator[File]:
    try:
        archive = zipfile.ZipFile(path)
        members = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DropError(
            f"{path} is not a zip file we can read ({error}); it is truncated or damaged. Copy it again"
        ) from error
    for member in members:
        inner = PurePosixPath(member.filename)
        strange = inner.is_absolute() or ".." in inner.parts or "\\" in member.filename
        hidden = inner.name.startswith(".") or any(_is_ignored(part) for part in inner.parts[:-1])
        if not (member.is_dir() or strange or hidden):
            yield File(relative / inner, member.file_size, (archive, member))


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & _ENCRYPTED:
        raise ValueError("it is encrypted; expected a zip without a password")
    with archive.open(member) as stream:
        data = stream.read(member.file_size + 1)
    if len(data) != member.file_size:
        raise ValueError(f"it has not the {member.file_size:,} bytes that its zip file claims")
    return data


def _is_ignored(folder: str) -> bool:
    return folder.startswith(".") or folder in _IGNORED_FOLDERS
