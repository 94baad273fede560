"""Defines the interface of every layout's reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from atelier import pictures
from atelier.datasets.files import File, Files, composed
from atelier.datasets.raw import Drop, RawPhoto
from atelier.errors import DropError, PictureError
from atelier.vocabulary import Photo


@dataclass(frozen=True)
class Folder:
    """A folder that holds one layout."""

    path: PurePosixPath
    files: Files
    others: frozenset[PurePosixPath] = frozenset()
    """Folders beneath it that hold a layout of their own."""

    def file(self, name: str) -> File | None:
        return self.files.get(self.path / name)

    def pictures(self) -> list[File]:
        return list(self.files.pictures(self.path, self.others))

    def missing(self, sentence: str, stem: str) -> str:
        """Complete a sentence on a picture that is not there: where, and why it was passed over if it was."""
        return f"{self.path}: {sentence}{self.files.why_not(self.path, stem)}"


@dataclass(frozen=True)
class Layout:
    """One way in which data is laid out, and its reader."""

    name: str
    recognised_by: str
    """The files it is known by, for a reader who wonders why a folder was not recognised."""
    recognises: Callable[[Folder], bool]
    read: Callable[[Folder, Drop], None]
    """Adds what the folder holds to the drop. Raises DropError where a table as a whole cannot be read."""


def read_json(folder: Folder, name: str) -> tuple[File, Any]:
    """Read and parse a required JSON file; DropError where it is no JSON."""
    file = folder.file(name)
    if file is None:
        raise DropError(f"{folder.path / name} is missing; the layout of {folder.path} needs it")
    try:
        return file, parse_json(file.read())
    except (PictureError, ValueError, RecursionError) as error:
        raise DropError(f"{file.path} is not JSON we can read: {error}") from error


def parse_json(data: bytes) -> Any:
    """Parse JSON; bytes that are not UTF-8 become lone surrogates, which cost a row and not the file.

    Raises ValueError or RecursionError.
    """
    return json.loads(data.decode(json.detect_encoding(data), "surrogateescape"))


class Pictures:
    """Pictures by their names without the suffix; a set is often kept in several sizes of the same name."""

    def __init__(self, folder: Folder, files: Iterable[File] | None = None) -> None:
        """Take all pictures of a folder, or only some of its `files`."""
        self._folder = folder
        self._by_stem: dict[str, list[File]] = {}
        for file in folder.pictures() if files is None else files:
            self._by_stem.setdefault(composed(file.path.stem), []).append(file)

    def named(self, name: str) -> list[File]:
        """List every size of a picture; none where there is no such picture."""
        return self._by_stem.get(composed(name), [])

    def why_missing(self, name: str) -> str:
        """Explain why there is no picture of this name."""
        return self._folder.missing(f"no picture is named {name}", name)


def read_largest(candidates: Sequence[File]) -> bytes:
    """Read the picture with the most pixels, by its header; PictureError if none can be read."""
    if len(candidates) == 1:
        return candidates[0].read()
    largest, most = b"", -1
    for file in candidates:
        with suppress(PictureError):
            data = file.read()
            width, height = pictures.size(data)
            if width * height > most:
                largest, most = data, width * height
    return largest if most >= 0 else candidates[0].read()


def raw_photo(photo: Photo, candidates: Sequence[File]) -> RawPhoto:
    """Make a photo of one or several sizes in a drop."""
    where = " or ".join(str(file.path) for file in candidates)
    smaller = tuple(file.read for file in candidates) if len(candidates) > 1 else ()
    return RawPhoto(photo, partial(read_largest, candidates), where, smaller)
