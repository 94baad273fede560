"""Splits and near-duplicates: what belongs together stays together, for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atelier.datasets.splits import assign, assign_sets, split_of
from atelier.vocabulary import CategorySet, Item, Outfit, Photo, Split


def item(item_id: str, duplicate_group: str | None = None, split: str | None = None) -> Item:
    return Item(item_id, "title", "Shirts", "s", duplicate_group=duplicate_group, split=split)


def photo(photo_id: str, item_id: str | None = None, **facts: str | None) -> Photo:
    return replace(Photo(photo_id, item_id, "shopper", "s"), **facts)  # type: ignore[arg-type]


def with_side(wanted: Split, prefix: str = "") -> str:
    """An item id whose group, when new, comes to the wanted side."""
    return next(f"{prefix}{n}" for n in range(1000) if split_of(f"item\0{prefix}{n}") == wanted)


def test_new_groups_are_shared_out_as_documented() -> None:
    sides = [split_of(str(n)) for n in range(20_000)]
    shares = {side: sides.count(side) / len(sides) for side in Split}
    assert shares[Split.TEST] == pytest.approx(0.10, abs=0.01)
    assert shares[Split.VALIDATION] == pytest.approx(0.05, abs=0.01)


def test_whatever_ties_rows_together_keeps_them_on_one_side() -> None:
    items = [item(f"{n}", f"g{n // 2}") for n in range(200)]
    photos = [
        *(photo(f"own{n}", f"{n}") for n in range(200)),
        *(photo(f"sent{n}", sender=f"s{n // 5}") for n in range(200)),
        *(photo(f"same{n}", phash=f"{n // 2:016x}") for n in range(200)),
        *(photo(f"street{n}", kind="street") for n in range(200)),
        *(photo(f"street{n}/mask", kind="mask") for n in range(200)),
        *(photo(f"near{n}") for n in range(200)),
    ]
    near = [(f"near{n}", f"near{n + 1}") for n in range(0, 200, 2)]
    assigned = assign(items, photos, [], [], near)
    assert not assigned.refused
    side = {row.item_id: row.split for row in assigned.items}
    side |= {row.photo_id: row.split for row in assigned.photos}
    assert set(side.values()) == set(Split)
    for n in range(200):
        assert side[f"{n}"] == side[f"{n // 2 * 2}"] == side[f"own{n}"]
        assert side[f"sent{n}"] == side[f"sent{n // 5 * 5}"]
        assert side[f"same{n}"] == side[f"same{n // 2 * 2}"]
        assert side[f"street{n}"] == side[f"street{n}/mask"]
        assert side[f"near{n}"] == side[f"near{n // 2 * 2}"]


def test_sides_do_not_depend_on_the_order_of_rows() -> None:
    items = [item(f"{n}", f"g{n % 37}") for n in range(100)]
    photos = [photo(f"p{n}", f"{n}", sender=f"s{n % 23}") for n in range(100)]
    forwards = assign(items, photos, [], [], [])
    backwards = assign(items[::-1], photos[::-1], [], [], [])
    assert forwards.items == backwards.items
    assert forwards.photos == backwards.photos


def test_sets_are_split_by_their_ids_and_a_published_side_stays() -> None:
    outfits = assign_sets(Outfit(f"o{n}", ("a", "b"), "s") for n in range(2_000))
    shares = {side: sum(row.split == side for row in outfits) / len(outfits) for side in Split}
    assert shares[Split.TEST] == pytest.approx(0.10, abs=0.03)
    assert shares[Split.VALIDATION] == pytest.approx(0.05, abs=0.03)
    assert assign_sets(outfits[:1]) == assign_sets([replace(outfits[0], split=None)]) == outfits[:1]
    sets = [CategorySet(f"o{n}", ("Hats", "Hats"), "s") for n in range(20)]
    assert [row.split for row in assign_sets(sets)] == [row.split for row in outfits[:20]]
    published = [replace(row, split="validation") for row in outfits[:20]]
    assert assign_sets(published) == published


def test_what_joins_a_group_later_comes_to_its_side() -> None:
    name = with_side(Split.TRAIN)
    assigned = assign([item(name, "g")], [photo("new", name)], [item("old", "g", "test")], [], [])
    assert [assigned.items[0].split, assigned.photos[0].split] == ["test", "test"]


def test_an_old_row_keeps_its_side_when_it_changes() -> None:
    name = with_side(Split.TRAIN)
    assert assign([item(name, split="test")], [], [], [], []).items[0].split == "test"


def test_a_row_that_would_join_two_sides_is_refused_and_nothing_else() -> None:
    present = [item("left", split="train"), item("right", split="test")]
    photos = [
        photo("l", "left", sender="ann", split="train"),
        photo("r", "right", sender="bob", split="test"),
    ]
    bridge, good = photo("bridge", "left", sender="bob"), photo("good", "left", sender="ann")
    assigned = assign([item("other")], [bridge, good], present, photos, [])
    assert [(row, "item left, sender bob" in reason) for row, reason in assigned.refused] == [(bridge, True)]
    assert [row.photo_id for row in assigned.photos] == ["good"]
    assert len(assigned.items) == 1


def test_a_picture_that_looks_like_one_on_the_other_side_is_refused() -> None:
    old = [photo("old", sender="ann", split="test")]
    assigned = assign([], [photo("new", "x")], [item("x", split="train")], old, [("new", "old")])
    ((row, reason),) = assigned.refused
    assert row.photo_id == "new" if isinstance(row, Photo) else False
    assert "test and train" in reason
