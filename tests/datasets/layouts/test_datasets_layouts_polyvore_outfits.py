"""Polyvore outfits become items, photos and outfits with their sides."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from outfit_sets_world import (
    write_files,
    write_polyvore_outfits,
)

from atelier.datasets.drop import read_drop
from atelier.errors import DropError
from atelier.vocabulary import Item, Outfit

REAL_DATA = Path(os.environ.get("ATELIER_REAL_DATA", Path(__file__).parents[3] / "shared/data/fashion"))
real_data = pytest.mark.skipif(
    not (REAL_DATA / "polyvore_categories").is_dir(), reason=f"no data under {REAL_DATA}"
)


def test_polyvore_outfits_become_items_photos_and_outfits_with_their_sides(tmp_path: Path) -> None:
    drop = read_drop(write_polyvore_outfits(tmp_path))
    assert (drop.layouts, drop.rejected) == (("polyvore-outfits",), [])
    source = "polyvore-outfits"
    assert drop.rows["items"][:2] == [
        Item("po-1", "A red thing", "Sweaters", source, department="tops"),
        Item("po-2", "a thing", "Sweaters", source, department="tops"),
    ]
    assert len(drop.rows["items"]) == len(drop.photos) == 12
    outfits = drop.rows["outfits"]
    assert outfits[0] == Outfit(
        "po-100", ("po-1", "po-2", "po-3"), source, "To the sea", made_by="expert", split="train"
    )
    assert [(outfit.outfit_id, outfit.split) for outfit in outfits[1:]] == [
        ("po-200", "validation"), ("po-300", "test"), ("po-400", "test"),
    ]  # fmt: skip


def test_a_folder_of_the_disjoint_variant_alone_is_read_as_that(tmp_path: Path) -> None:
    shutil.rmtree(write_polyvore_outfits(tmp_path) / "nondisjoint")
    assert len(read_drop(tmp_path).rows["outfits"]) == 4
    shutil.rmtree(tmp_path / "disjoint")
    with pytest.raises(DropError, match=r"neither nondisjoint/ nor disjoint/train\.json"):
        read_drop(tmp_path)


def test_what_is_broken_in_polyvore_outfits_is_rejected_alone(tmp_path: Path) -> None:
    write_polyvore_outfits(tmp_path)
    items = json.loads((tmp_path / "polyvore_item_metadata.json").read_text())
    outfits = json.loads((tmp_path / "nondisjoint/test.json").read_text())
    outfits += [{"set_id": "500"}, {"items": []}, {"set_id": "6", "items": [{"index": 1}]}, 7]
    changed = {
        "polyvore_item_metadata.json": items | {"13": None, "1": items["1"] | {"title": 5}},
        "nondisjoint/test.json": outfits,
    }
    write_files(tmp_path, changed)
    (tmp_path / "images/12.jpg").unlink()
    drop = read_drop(tmp_path)
    assert Counter(one.table for one in drop.rejected) == {"items": 1, "photos": 1, "outfits": 4}
    assert (len(drop.rows["items"]), len(drop.photos), len(drop.rows["outfits"])) == (12, 11, 4)


@pytest.mark.parametrize(
    "name", ["polyvore_item_metadata.json", "polyvore_outfit_titles.json", "nondisjoint/valid.json"]
)
def test_a_file_of_polyvore_outfits_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    write_polyvore_outfits(tmp_path)
    for content in ("", "7", '{"1": '):
        (tmp_path / name).write_text(content)
        with pytest.raises(DropError, match=name):
            read_drop(tmp_path)


@real_data
def test_the_real_outfits_are_all_good() -> None:
    drop = read_drop(REAL_DATA / "polyvore_outfits")
    assert (len(drop.rows["outfits"]), len(drop.rows["items"]), drop.rejected) == (9, 66, [])
    assert len(drop.photos) == 63
