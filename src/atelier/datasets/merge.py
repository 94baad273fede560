"""Compares the rows of a drop with the accepted ones: new, changed, unchanged, or conflicting."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from atelier.datasets.raw import Rejected
from atelier.datasets.tables import Row, key_of


@dataclass
class Comparison:
    """The rows of one table of a drop, held against the accepted ones."""

    added: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    """Each with the split of the row whose place it would take."""
    unchanged: list[Row] = field(default_factory=list)
    refused: list[tuple[Row, str]] = field(default_factory=list)
    """Rows of which another source holds the key, and the reason."""


def compare(table: str, rows: Iterable[Row], present: Sequence[Row]) -> Comparison:
    """Compare by key and content; the columns that acceptance adds (split and place) do not count as
    content.
    """
    by_key = {key_of(table, row): row for row in present}
    result = Comparison()
    for row in rows:
        old = by_key.get(key_of(table, row))
        if old is None:
            result.added.append(row)
        elif getattr(old, "source", None) != getattr(row, "source", None):
            key = " ".join(key_of(table, row))
            result.refused.append((row, f"{key} belongs to {old.source} already; give it another id"))
        elif content(table, row) == content(table, old):
            result.unchanged.append(row)
        else:
            result.changed.append(replace(row, split=old.split) if hasattr(row, "split") else row)
    return result


def merge(table: str, present: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """Replace present rows by new rows of their key, and add the rows with new keys."""
    by_key = {key_of(table, row): row for row in present}
    by_key |= {key_of(table, row): row for row in new}
    return list(by_key.values())


def content(table: str, row: Row) -> Row:
    """Return a row without its split and place."""
    if table == "photos":
        return replace(row, split=None, shard=None, offset=None, num_bytes=None)
    return replace(row, split=None) if hasattr(row, "split") else row


def fingerprint(rows: Mapping[str, Iterable[Row]], rejected: Iterable[Rejected]) -> str:
    """Hash the content of a drop, independent of its location and packing."""
    digest = hashlib.blake2b(digest_size=16)
    for table, table_rows in sorted(rows.items()):
        for line in sorted(repr(content(table, row)) for row in table_rows):
            digest.update(line.encode("utf-8", "backslashreplace"))
    for line in sorted(f"{one.table} {one.row}" for one in rejected):
        digest.update(line.encode("utf-8", "backslashreplace"))
    return digest.hexdigest()
