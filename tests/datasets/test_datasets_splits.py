"""Splits and near-duplicates: what belongs together stays together, for ever."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from atelier.datasets.near_duplicates import MAX_DISTANCE, close_hashes, look_alike, near_duplicates, shrink
from atelier.datasets.splits import assign, assign_sets, split_of
from atelier.pictures import decode, encode_jpeg, perceptual_hash
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


def test_close_hashes_are_those_of_comparing_all_pairs() -> None:
    rng = np.random.default_rng(0)
    centres = rng.integers(0, 2**64, 40, dtype=np.uint64)
    flips = np.uint64(1) << rng.integers(0, 64, (40, 5, 2), dtype=np.uint64)
    one_bit, two_bits = centres[:, None] ^ flips[..., 0], centres[:, None] ^ flips[..., 0] ^ flips[..., 1]
    hashes = np.unique(np.concatenate([one_bit, two_bits]))
    is_new = rng.random(len(hashes)) < 0.3
    slow = [
        (i, j)
        for j in range(len(hashes))
        for i in range(j)
        if int(hashes[i] ^ hashes[j]).bit_count() <= MAX_DISTANCE and (is_new[i] or is_new[j])
    ]
    assert len(slow) > 200
    assert close_hashes(hashes, is_new) == sorted(slow)


def test_close_hashes_of_no_hashes_are_none() -> None:
    assert close_hashes(np.array([], dtype=np.uint64), np.array([], dtype=bool)) == []


def scene(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (8, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((96, 128), Image.Resampling.BICUBIC))


def test_saving_again_leaves_pictures_alike_and_another_colour_does_not() -> None:
    worn = decode(encode_jpeg(scene(1), quality=50))
    assert look_alike(shrink(scene(1)), shrink(worn))
    assert not look_alike(shrink(scene(1)), shrink(scene(1)[..., ::-1].copy()))


def test_near_duplicates_are_found_among_others_and_only_with_a_new_one() -> None:
    pictures = {f"p{seed}": scene(seed) for seed in range(20)}
    pictures |= {f"copy{seed}": decode(encode_jpeg(scene(seed), quality=30)) for seed in range(20)}
    phashes = {name: perceptual_hash(pixels) for name, pixels in pictures.items()}
    differ = [n for n in range(20) if phashes[f"p{n}"] != phashes[f"copy{n}"]]
    assert differ, "quality 30 changes a bit of some hashes"
    new = {f"copy{n}" for n in differ[1:]}
    pairs = near_duplicates(phashes, new, pictures.__getitem__)
    assert pairs == sorted((f"copy{n}", f"p{n}") for n in differ[1:])
