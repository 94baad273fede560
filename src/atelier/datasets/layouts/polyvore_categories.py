"""`polyvore-categories`: outfits of which only the kinds of their pieces are known.

    outfits.json       [{"set_id": "214181831", "items_category": [4495, 25], "items_index": [1, 2]}, ...]
    category_id.txt    4 Day Dresses

Sets become `polyvore-<set_id>`, as outfits of the same site do, so that both stand on one side of a split.
"""

from __future__ import annotations

from typing import Any

from atelier.datasets.layouts.layout import Folder, Layout
from atelier.datasets.layouts.polyvore import (
    CATEGORIES,
    OUTFITS,
    begins_with_key,
    category_names,
    id_of,
    read_records,
)
from atelier.datasets.raw import Drop
from atelier.datasets.values import checked_text
from atelier.vocabulary import CategorySet

NAME = "polyvore-categories"
TABLE = "category_sets"
_FEWEST = 2


def read(folder: Folder, drop: Drop) -> None:
    """Read a set of categories, by their names, for each entry of `outfits.json`."""
    file = folder.file(CATEGORIES)
    assert file is not None, "recognised by this file"
    names = category_names(file)
    for where, record in read_records(folder, OUTFITS, TABLE, drop):
        row = {"set_id": record.get("set_id"), "categories": record.get("items_category"), "source": NAME}
        try:
            set_id = f"polyvore-{id_of(record.get('set_id'))}"
            categories = _categories(record.get("items_category"), names)
        except ValueError as error:
            drop.reject(TABLE, row, f"{where}: {error}")
        else:
            drop.rows[TABLE].append(CategorySet(set_id, categories, NAME))


def _categories(ids: Any, names: dict[str, str]) -> tuple[str, ...]:
    if not isinstance(ids, list) or len(ids) < _FEWEST:
        raise ValueError(
            f"items_category is {ascii(ids)[:80]}; expected a list of {_FEWEST} or more categories"
        )
    unknown = [one for one in map(id_of, ids) if one not in names]
    if unknown:
        raise ValueError(f"{CATEGORIES} has no category {', '.join(unknown)[:80]}")
    return tuple(checked_text("items_category", names[id_of(one)]) for one in ids)


def _recognises(folder: Folder) -> bool:
    has_names = folder.file(CATEGORIES) is not None and folder.file(OUTFITS) is not None
    return has_names and not begins_with_key(folder, OUTFITS, "items")


LAYOUT = Layout(NAME, f"{CATEGORIES} and {OUTFITS} with items_category", _recognises, read)
