"""`atelier-drop`: our own layout, described in docs/reference/drop-layout.md."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from atelier.datasets.files import File
from atelier.datasets.layouts.layout import Folder, Layout, parse_json, raw_photo
from atelier.datasets.prices import price_of
from atelier.datasets.raw import Drop
from atelier.datasets.records import Records, table_of
from atelier.datasets.tables import column_types
from atelier.datasets.values import to_row
from atelier.errors import DropError, PictureError
from atelier.vocabulary import TABLES, Photo

NAME = "atelier-drop"
VERSION = 1
FILLED_IN = frozenset(
    {"source", "split", "width", "height", "sha256", "phash", "shard", "offset", "num_bytes"}
)
"""Columns of `vocabulary` that ingestion fills in, so that a drop does not have them."""


def read(folder: Folder, drop: Drop) -> None:
    """Read all tables, and the picture that each row of `photos` names."""
    drop.name = _name(folder) or drop.name
    for table in TABLES:
        file = _table_file(folder, table)
        if file is not None:
            _read_table(folder, table, file, drop)


def columns(table: str) -> tuple[str, ...]:
    """List the columns that a drop may have for a table."""
    own = tuple(column for column in column_types(table) if column not in FILLED_IN)
    return (*own, "file") if table == "photos" else own


def required(table: str) -> tuple[str, ...]:
    """List those of `columns` that must be there."""
    types = column_types(table)
    return tuple(column for column in columns(table) if column == "file" or not types[column][1])


def _name(folder: Folder) -> str:
    file = folder.file("drop.json")
    assert file is not None, "recognised by this file"
    try:
        about = parse_json(file.read())
    except (PictureError, ValueError, RecursionError) as error:
        raise DropError(f"{file.path} is not JSON we can read: {error}") from error
    about = about if isinstance(about, dict) else {}
    if (about.get("layout"), about.get("version")) != (NAME, VERSION):
        raise DropError(
            f"{file.path} says layout {about.get('layout')!r}, version {about.get('version')!r}; "
            f'expected "{NAME}" and {VERSION}'
        )
    name = about.get("name")
    return name.strip()[:200] if isinstance(name, str) and name.isprintable() else ""


def _table_file(folder: Folder, table: str) -> File | None:
    found = [file for suffix in ("csv", "parquet") if (file := folder.file(f"{table}.{suffix}")) is not None]
    if len(found) > 1:
        raise DropError(f"{folder.path} holds {table}.csv and {table}.parquet; keep the one that counts")
    return found[0] if found else None


def _read_table(folder: Folder, table: str, file: File, drop: Drop) -> None:
    records = table_of(file, required(table))
    _check_no_others(file, table, records)
    for values, reason in records.broken:
        drop.reject(table, values, reason)
    for values in records.rows:
        named = _with_price(values) | {"source": NAME}
        try:
            row = to_row(table, named)
            if table == "photos":
                drop.photos.append(raw_photo(row, [_picture(folder, row, values["file"])]))
            else:
                drop.rows[table].append(row)
        except ValueError as error:
            drop.reject(table, named, f"{file.path}: {error}")


def _with_price(values: dict[str, Any]) -> dict[str, Any]:
    """The row with a price of words and signs read, where it can be: `$19.00` is 19."""
    text = values.get("price")
    price = price_of(text) if isinstance(text, str) else None
    return values if price is None else values | {"price": price}


def _check_no_others(file: File, table: str, records: Records) -> None:
    unknown = [column for column in records.columns if column not in columns(table)]
    if unknown:
        raise DropError(
            f"{file.path} has the unknown column {', '.join(map(ascii, unknown))[:200]}; "
            f"{table} may have: {', '.join(columns(table))}"
        )


def _picture(folder: Folder, photo: Photo, name: object) -> File:
    """Found among the drop's own files by its name, so a name cannot lead to any other place."""
    path = PurePosixPath(str(name or ""))
    file = folder.files.find(folder.path / path)
    if file is None or path.parts[:1] == () or ".." in path.parts:
        why = folder.files.why_not(folder.path, path.stem)
        raise ValueError(f"the picture {str(name)[:200]!r} of photo {photo.photo_id} is not in the drop{why}")
    return file


LAYOUT = Layout(NAME, "drop.json", lambda folder: folder.file("drop.json") is not None, read)
