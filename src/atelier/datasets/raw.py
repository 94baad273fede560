"""Defines the content of a drop before any check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from atelier.vocabulary import TABLES, Photo


@dataclass(frozen=True)
class RawPhoto:
    """A photo's row, its picture columns still empty, and how to get at its bytes."""

    photo: Photo
    read: Callable[[], bytes]
    """Raises PictureError where the bytes cannot be had: an encrypted or damaged zip member."""
    where: str
    """The picture's path within the drop, for messages."""
    otherwise: tuple[Callable[[], bytes], ...] = ()
    """The same picture in other sizes, for when the bytes that `read` gives turn out to be damaged."""


@dataclass(frozen=True)
class Rejected:
    """A row that could not even be read."""

    table: str
    row: Mapping[str, Any]
    reason: str


@dataclass
class Drop:
    """Everything that was found in a folder of new raw data."""

    name: str
    layouts: tuple[str, ...] = ()
    """The layouts that were recognised, in the order of their folders."""
    unknown: tuple[str, ...] = ()
    """Folders and files at the top that belong to no known layout."""
    rows: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in TABLES if name != "photos"}
    )
    """By table, but for photos: instances of the classes in `vocabulary.TABLES`."""
    photos: list[RawPhoto] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was left out on purpose, such as the end of a file that is larger than anybody can use."""

    def reject(self, table: str, row: Mapping[str, Any], reason: str) -> None:
        self.rejected.append(Rejected(table, row, reason))
