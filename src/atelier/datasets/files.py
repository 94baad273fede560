"""Presents the files of a drop alike whether they lie in a folder or in a zip: `fpi/images.zip/1164.jpg`.

Nothing is ever unpacked to disk, so a member's name cannot reach outside; sizes are limited before and while
reading, so a small zip cannot grow large in memory. A file that is not read is remembered with its reason.
"""

from __future__ import annotations

import os
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from atelier.datasets.archives import (
    ENCRYPTED,
    MAX_NESTED_BYTES,
    PassedOver,
    members,
    nested_archive,
    open_archive,
)
from atelier.errors import DropError, PictureError
from atelier.pictures import SUFFIXES as PICTURE_SUFFIXES

MAX_MEMBER_BYTES = 256 * 2**20
"""Larger pictures and tables are refused; the largest table of a million photos is about half as large."""
_IGNORED_FOLDERS = frozenset({"__MACOSX", "queries"})
"""`queries` holds held-out searches beside the products of an evaluation; they are no part of a drop."""
_LEADS_OUT = "it is a link that leads out of the drop; put there what it leads to"
_MAX_LINKS = 16
"""Links that lead to links, at most."""
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
        """Read all bytes; raises PictureError where they cannot be read whole and within the limit."""
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
        """Read the first bytes, to recognise the format; none where they cannot be read."""
        with suppress(*_UNREADABLE), self._open() as stream:
            return stream.read(num_bytes)
        return b""

    def lines(self) -> Iterator[bytes]:
        """Read line by line, however large the file is; raises PictureError where it cannot be read to its
        end.
        """
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
        if member.flag_bits & ENCRYPTED:
            raise ValueError("it is encrypted; expected a zip without a password")
        return archive.open(member)


class Files:
    """All files beneath a folder and inside the zips there, by their path relative to it."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise DropError(f"{root} is not a folder; `atelier ingest` takes the folder that holds a drop")
        walk = _Walk(root)
        self.by_path: Mapping[PurePosixPath, File] = {file.path: file for file in walk.files()}
        self.passed_over: Mapping[PurePosixPath, str] = walk.passed_over
        """What lies there and is not read, by path, and why."""
        self._passed_by_stem: dict[str, list[PurePosixPath]] = {}
        for path in self.passed_over:
            self._passed_by_stem.setdefault(composed(path.stem), []).append(path)
        self._passed_holders = [path for path in self.passed_over if path.suffix.lower() in ("", ".zip")]
        self._links = walk.links
        self._composed = {_composed(path): path for path in reversed(self.by_path)}
        self._loose = {_loose(path): path for path in reversed(self.by_path)}

    def folders(self) -> list[PurePosixPath]:
        """List every folder with a file in it or beneath it, in order of their names; a zip is one."""
        return sorted({folder for path in self.by_path for folder in path.parents})

    def get(self, path: PurePosixPath) -> File | None:
        """Return the file of a path, in whichever Unicode form either is written."""
        return self.by_path.get(path) or self.by_path.get(self._composed.get(_composed(path), path))

    def find(self, path: PurePosixPath) -> File | None:
        """Find the file that a table names: `get`, else through a linked folder, or a zip named as a
        folder.
        """
        target = self._resolved(path)
        return self.get(target) or self.by_path.get(self._loose.get(_loose(target), target))

    def why_not(self, folder: PurePosixPath, name: str) -> str:
        """Explain why a picture beneath a folder is not read, by its stem, as the end of a sentence; or
        return nothing.

        A folder or a zip that was passed over as a whole may hold any picture.
        """
        candidates = (*self._passed_by_stem.get(composed(name), ()), *self._passed_holders)
        path = next((path for path in candidates if folder in path.parents), None)
        return "" if path is None else f"; {shown(path)} was passed over: {self.passed_over[path]}"

    def pictures(self, folder: PurePosixPath, without: frozenset[PurePosixPath]) -> Iterator[File]:
        """List the pictures beneath a folder, without the folders `without`, which belong to other
        layouts.
        """
        for path, file in self.by_path.items():
            if path.suffix.lower() in PICTURE_SUFFIXES and folder in path.parents:
                inner = path.parents[: path.parents.index(folder)] if without else ()
                if without.isdisjoint(inner):
                    yield file

    def _resolved(self, path: PurePosixPath) -> PurePosixPath:
        """The path with linked folders replaced by what they lead to, within the drop."""
        for _ in range(_MAX_LINKS if self._links else 0):
            link = next((folder for folder in path.parents if folder in self._links), None)
            if link is None:
                break
            path = self._links[link] / path.relative_to(link)
        return path


def composed(text: str) -> str:
    """Convert a text to composed Unicode (NFC): macOS writes file names decomposed, and most else does
    not.
    """
    return unicodedata.normalize("NFC", text)


def shown(path: PurePosixPath) -> str:
    """Format a path for a message, whatever its bytes are."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _composed(path: PurePosixPath) -> str:
    return composed(str(path))


def _loose(path: PurePosixPath) -> str:
    """Zips called as if they were folders."""
    folders = (part[:-4] if part.lower().endswith(".zip") else part for part in path.parts[:-1])
    return composed("/".join((*folders, path.name)))


class _Walk:
    """One walk over a folder. Links to other places are not followed: a drop brings its own bytes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inside = root.resolve()
        self.passed_over: dict[PurePosixPath, str] = {}
        self.links: dict[PurePosixPath, PurePosixPath] = {}
        """Folders that are links to other folders of the drop, and which."""
        self.nested_bytes = 0
        """Held in memory of zips within zips."""

    def files(self) -> Iterator[File]:
        """List files in order of their paths."""
        for folder, subfolders, names in os.walk(self.root, onerror=self._unreadable):
            subfolders[:] = sorted(name for name in subfolders if not _is_ignored(name))
            for name in subfolders:
                if Path(folder, name).is_symlink():
                    self._link(Path(folder, name))
            for name in sorted(names):
                if not name.startswith("."):
                    yield from self._file(Path(folder, name))

    def _relative(self, path: Path) -> PurePosixPath:
        return PurePosixPath(path.relative_to(self.root).as_posix())

    def _unreadable(self, error: OSError) -> None:
        self.passed_over[self._relative(Path(error.filename))] = f"it cannot be read: {error.strerror}"

    def _link(self, path: Path) -> None:
        target = path.resolve()
        if target.is_relative_to(self.inside):
            self.links[self._relative(path)] = PurePosixPath(target.relative_to(self.inside).as_posix())
        else:
            self.passed_over[self._relative(path)] = _LEADS_OUT

    def _file(self, path: Path) -> Iterator[File]:
        relative = self._relative(path)
        if not path.resolve().is_relative_to(self.inside):
            self.passed_over[relative] = _LEADS_OUT
        elif not path.is_file():
            self.passed_over[relative] = "it is no ordinary file, or a link that leads nowhere"
        elif relative.suffix.lower() == ".zip":
            yield from self._zip(open_archive(path), relative, depth=0)
        else:
            yield File(relative, path.stat().st_size, path)

    def _zip(self, archive: zipfile.ZipFile, relative: PurePosixPath, depth: int) -> Iterator[File]:
        for name, member in members(archive):
            inner = relative / name
            if isinstance(member, PassedOver):
                self.passed_over[inner] = member.reason
            elif name.name.startswith(".") or any(_is_ignored(part) for part in name.parts[:-1]):
                continue
            elif name.suffix.lower() == ".zip":
                opened = nested_archive(archive, member, depth, MAX_NESTED_BYTES - self.nested_bytes)
                if isinstance(opened, PassedOver):
                    self.passed_over[inner] = opened.reason
                else:
                    self.nested_bytes += member.file_size
                    yield from self._zip(opened, inner, depth + 1)
            else:
                yield File(inner, member.file_size, (archive, member))


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & ENCRYPTED:
        raise ValueError("it is encrypted; expected a zip without a password")
    with archive.open(member) as stream:
        data = stream.read(member.file_size + 1)
    if len(data) != member.file_size:
        raise ValueError(f"it has not the {member.file_size:,} bytes that its zip file claims")
    return data


def _is_ignored(folder: str) -> bool:
    return folder.startswith(".") or folder in _IGNORED_FOLDERS
