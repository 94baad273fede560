"""One good row of each table, frames of them, and which of our own promises a row breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import pandas as pd

from atelier.contracts.promise import KnownKeys, Promise, Surroundings
from atelier.contracts.schema import typed
from atelier.contracts.validation import kept
from atelier.vocabulary import CategorySet, Click, Item, Outfit, Photo, Region

ITEM = Item("i1", "Fönster-Tröja 衣服 'NA'", "NA", "shop")
PHOTO = Photo("p1", "i1", "catalogue", "shop", width=60, height=80, sha256="a" * 64, phash="b" * 16)
STREET = replace(PHOTO, photo_id="s1", item_id=None, kind="street")
MASK = replace(STREET, photo_id="s1/mask", kind="mask", phash=None)
REGION = Region("s1", "Jeans", 0, 0, 60, 80, 7)
OUTFIT = Outfit("o1", ("i1", "i2"), "shop")
CATEGORY_SET = CategorySet("k1", ("Day Dresses", "Hats"), "shop")
CLICK = Click("c1", "u1", "o1", True, "shop", "2026-03-01T09:30:00Z", 0.5, ("i1", "sold-out"))


def frame(rows: Sequence[Any]) -> pd.DataFrame:
    columns = [field.name for field in fields(type(rows[0]))]
    return pd.DataFrame([asdict(row) for row in rows], columns=columns, dtype=object)


def around(known: KnownKeys | None = None, **good: Sequence[Any]) -> Surroundings:
    """Rows that were found good, by table, and keys that were accepted before."""
    tables: Mapping[str, pd.DataFrame] = {name: frame(rows) for name, rows in good.items()}
    return Surroundings(tables, known or KnownKeys())


def broken(
    table: str, promises: Sequence[Promise], rows: Sequence[Any], near: Surroundings
) -> list[list[str]]:
    """Of each row, the promises in our own words that it breaks: 'a box inside its photo'."""
    raw = frame(rows)
    checked = typed(table, raw)
    told: list[list[str]] = [[] for _ in rows]
    for promise in promises:
        if promise.holds is not None:
            for position, holds in enumerate(kept(promise, raw, checked, near)):
                if not holds:
                    told[position].append(promise.expected)
    return told
