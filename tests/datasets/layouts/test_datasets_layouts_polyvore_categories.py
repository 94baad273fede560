"""Sets of categories are read by name; a broken one is rejected alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from outfit_sets_world import (
    write_categories,
)

from atelier.datasets.drop import read_drop
from atelier.errors import DropError
from atelier.vocabulary import CategorySet

REAL_DATA = Path(os.environ.get("ATELIER_REAL_DATA", Path(__file__).parents[3] / "shared/data/fashion"))
real_data = pytest.mark.skipif(
    not (REAL_DATA / "polyvore_categories").is_dir(), reason=f"no data under {REAL_DATA}"
)


def test_sets_of_categories_are_read_by_name(tmp_path: Path) -> None:
    drop = read_drop(write_categories(tmp_path))
    assert (drop.layouts, drop.rejected) == (("polyvore-categories",), [])
    assert drop.rows["category_sets"] == [
        CategorySet("polyvore-11", ("Day Dresses", "Sandals", "Backpacks", "Sandals"), "polyvore-categories"),
        CategorySet("polyvore-12", ("Day Dresses", "Sandals"), "polyvore-categories"),
    ]


BROKEN_SETS: dict[str, tuple[Any, str]] = {
    "too small": ({"set_id": "1", "items_category": [4]}, "expected a list of 2 or more categories"),
    "no list": ({"set_id": "1", "items_category": "4 46"}, "expected a list of 2 or more categories"),
    "nothing": ({"set_id": "1"}, "items_category is None"),
    "unknown category": ({"set_id": "1", "items_category": [4, 999]}, "has no category 999"),
    "category of no kind": ({"set_id": "1", "items_category": [4, None]}, "None is no id"),
    "no id": ({"items_category": [4, 46]}, "None is no id"),
    "truth for an id": ({"set_id": True, "items_category": [4, 46]}, "True is no id"),
    "no object": (7, "7 is no object"),
}


@pytest.mark.parametrize("fault", BROKEN_SETS)
def test_a_broken_set_of_categories_is_rejected_alone(fault: str, tmp_path: Path) -> None:
    entry, said = BROKEN_SETS[fault]
    drop = read_drop(write_categories(tmp_path, entry))
    assert len(drop.rows["category_sets"]) == 2
    (rejected,) = drop.rejected
    assert rejected.table == "category_sets"
    assert "outfits.json, outfit 3" in rejected.reason
    assert said in rejected.reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("outfits.json", ""),
        ("outfits.json", '[{"set_id": "1", "items_category"'),
        ("outfits.json", '{"set_id": "1", "items_category": [4, 46]}'),
        ("category_id.txt", ""),
        ("category_id.txt", "Dresses, 4\n"),
    ],
)
def test_a_file_of_categories_that_cannot_be_read_is_named(name: str, content: str, tmp_path: Path) -> None:
    write_categories(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(DropError, match=name):
        read_drop(tmp_path)


@real_data
def test_the_real_sets_of_categories_are_all_good() -> None:
    drop = read_drop(REAL_DATA / "polyvore_categories")
    assert (len(drop.rows["category_sets"]), drop.rejected) == (16_983, [])
