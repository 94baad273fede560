"""Reads the common parts of the Polyvore sets: an `outfits.json`, and `category_id.txt` with category names.

Two public sets use the file name `outfits.json`: in one an outfit has `items` (`polyvore-maryland`), in the
other `items_category` alone (`polyvore-categories`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from atelier.datasets.files import File
from atelier.datasets.layouts.layout import Folder, read_json
from atelier.datasets.raw import Drop
from atelier.datasets.values import checked_text
from atelier.errors import DropError, PictureError

OUTFITS = "outfits.json"
CATEGORIES = "category_id.txt"
_HEAD_BYTES = 65_536


def begins_with_key(folder: Folder, name: str, key: str) -> bool:
    """Test whether a JSON file exists and names a key early on; it may be broken further down."""
    file = folder.file(name)
    return file is not None and f'"{key}"'.encode() in file.head(_HEAD_BYTES)


def read_records(folder: Folder, name: str, table: str, drop: Drop) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read the objects of a list in a JSON file, each with its position; other values are rejected.

    DropError where the file as a whole is no such list.
    """
    file, records = read_json(folder, name)
    if not isinstance(records, list):
        raise DropError(f"{file.path} holds a {type(records).__name__}; expected a list of outfits")
    for number, record in enumerate(records, start=1):
        where = f"{file.path}, outfit {number}"
        if isinstance(record, dict):
            yield where, record
        else:
            drop.reject(table, {}, f"{where}: {ascii(record)[:80]} is no object with the fields of an outfit")


def category_names(file: File) -> dict[str, str]:
    """Names by id, of lines such as `4 Day Dresses`; DropError where no line is one."""
    try:
        lines = file.read().decode("utf-8-sig", errors="surrogateescape").splitlines()
    except PictureError as error:
        raise DropError(str(error)) from error
    pairs = [line.strip().split(maxsplit=1) for line in lines]
    names = {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[0].isdecimal()}
    if not names:
        raise DropError(f"{file.path} names no category; expected lines of an id and a name: 4 Day Dresses")
    return names


def one_line(text: Any) -> Any:
    """Return a text without line breaks and double blanks; any other value as it is."""
    return " ".join(text.split()) if isinstance(text, str) else text


def id_of(value: Any) -> str:
    """Return an id, be it written as a number or as text; ValueError for anything else, and for none."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text:
        raise ValueError(f"{ascii(value)[:80]} is no id; expected a number or a text")
    return checked_text("the id", text)
