"""Lists as research sets publish them: a count, a line of column names, then rows of words between blanks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from atelier.datasets.files import File
from atelier.errors import DropError, PictureError

_LONGEST_SHOWN = 120


@dataclass
class Listing:
    """The readable rows of a list, and its broken lines."""

    path: str
    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """The number of each line, from 1, and its words by column."""
    broken: list[str] = field(default_factory=list)
    """A sentence for each broken line, which names it."""

    def reject(self, line: int, reason: str) -> None:
        self.broken.append(f"{self.path}, line {line}: {reason}")


def read_listing(file: File, required: Sequence[str], *, counted: bool) -> Listing:
    """Read a list whose cells hold no blanks; `counted`: its first line says how many rows follow.

    A line with too few or too many words costs that line alone; fewer rows than announced are one more
    broken line, for a list that was cut off would make a set look easier than it is. Raises DropError where
    the file as a whole is no such list.
    """
    lines = _lines(file)
    header = 1 if counted else 0
    columns = tuple(lines[header].split()) if len(lines) > header else ()
    missing = [column for column in required if column not in columns]
    if missing:
        raise DropError(
            f"{file.path} has no column {', '.join(missing)} in line {header + 1}; "
            f"expected {' '.join(required)}, seen {ascii(' '.join(columns))[:_LONGEST_SHOWN]}"
        )
    listing = Listing(str(file.path), columns)
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        words = line.split()
        if len(words) == len(columns) and _is_text(line):
            listing.rows.append((number, dict(zip(columns, words, strict=True))))
        elif words:
            listing.reject(
                number,
                f"{ascii(line.strip())[:_LONGEST_SHOWN]} has {len(words)} words; "
                f"expected {len(columns)}: {' '.join(columns)}",
            )
    if counted:
        _check_count(listing, lines[0].strip())
    return listing


def column_names(file: File, *, counted: bool) -> tuple[str, ...]:
    """Read the names in the line above the rows; none where the file is no text or is too short."""
    try:
        lines = _lines(file)
    except DropError:
        return ()
    return tuple(lines[1 if counted else 0].split()) if len(lines) > counted else ()


def _check_count(listing: Listing, announced: str) -> None:
    seen = len(listing.rows) + len(listing.broken)
    if not announced.isdecimal():
        listing.reject(1, f"{ascii(announced)[:_LONGEST_SHOWN]} is not the number of rows")
    elif seen < int(announced):
        listing.reject(1, f"announces {int(announced):,} rows, {seen:,} follow; is the file cut off?")


def _lines(file: File) -> list[str]:
    try:
        return file.read().decode("utf-8-sig", errors="surrogateescape").splitlines()
    except PictureError as error:
        raise DropError(str(error)) from error


def _is_text(line: str) -> bool:
    return not any("\udc80" <= character <= "\udcff" or character == "\0" for character in line)
