"""Rows of a drop against the accepted ones: new, the same, changed, or somebody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atelier.datasets.merge import compare, content, fingerprint, merge
from atelier.datasets.raw import Rejected
from atelier.vocabulary import Item, Photo, Region

OLD = Item("a", "A", "Hats", "shop", price=10.0, split="test")
PLACED = Photo("p", "a", "catalogue", "shop", sha256="x", shard="s.tar", offset=5, num_bytes=9, split="train")


def test_rows_are_told_apart_by_key_source_and_content() -> None:
    same = replace(OLD, split=None)
    dearer = replace(same, price=12.0)
    added = replace(same, item_id="b")
    taken = replace(same, source="elsewhere")
    result = compare("items", [same, added, taken], [OLD])
    assert (result.unchanged, result.added, result.changed) == ([same], [added], [])
    assert result.refused == [(taken, "a belongs to shop already; give it another id")]
    assert compare("items", [dearer], [OLD]).changed == [replace(dearer, split="test")], "it keeps its side"


def test_a_photo_s_place_is_no_part_of_its_content() -> None:
    unplaced = replace(PLACED, shard=None, offset=None, num_bytes=None, split=None)
    assert content("photos", PLACED) == unplaced
    assert compare("photos", [unplaced], [PLACED]).unchanged == [unplaced]
    assert compare("photos", [replace(unplaced, sha256="y")], [PLACED]).changed


def test_a_table_without_sides_is_compared_too() -> None:
    region = Region("p", "hat", 0, 0, 5, 5)
    assert compare("regions", [region, replace(region, x1=6)], [region]).changed == [replace(region, x1=6)]


@given(
    keys=st.lists(st.sampled_from("abcdef"), max_size=8), new=st.lists(st.sampled_from("abcdef"), max_size=8)
)
def test_merging_keeps_every_key_once_and_prefers_the_new(keys: list[str], new: list[str]) -> None:
    present = [Item(key, "old", "Hats", "s") for key in dict.fromkeys(keys)]
    drop = [Item(key, "new", "Hats", "s") for key in dict.fromkeys(new)]
    merged = merge("items", present, drop)
    assert {row.item_id: row.title for row in merged} == dict.fromkeys(keys, "old") | dict.fromkeys(
        new, "new"
    )
    assert len(merged) == len(set(keys) | set(new))


def test_a_fingerprint_is_of_what_a_drop_says_in_whatever_order_and_place() -> None:
    rows: dict[str, list[Any]] = {"items": [OLD, replace(OLD, item_id="b")], "photos": [PLACED]}
    turned = {"photos": [replace(PLACED, shard="other.tar", offset=0)], "items": rows["items"][::-1]}
    rejected = [Rejected("items", {"item_id": "c"}, "no title")]
    assert fingerprint(rows, rejected) == fingerprint(turned, rejected)
    assert fingerprint(rows, []) != fingerprint(rows, rejected)


@pytest.mark.parametrize("change", [{"price": 11.0}, {"item_id": "z"}, {"title": "\udcff"}])
def test_any_change_of_content_changes_the_fingerprint(change: dict[str, object]) -> None:
    changed = {"items": [replace(OLD, **change)]}  # type: ignore[arg-type]
    assert fingerprint({"items": [OLD]}, []) != fingerprint(changed, [])
