"""A photo promises what its kind asks for: an item, a hash, a mask as large as its photo."""

from __future__ import annotations

from dataclasses import replace

from contracts_world import ITEM, MASK, PHOTO, STREET, around, broken

from atelier.contracts.photos import promises
from atelier.contracts.promise import KnownKeys
from atelier.vocabulary import Photo


def _breaks(*photos: Photo, known: frozenset[str] = frozenset()) -> list[list[str]]:
    near = around(KnownKeys(photos=known), items=[ITEM])
    return [[told.split(":")[0] for told in row] for row in broken("photos", promises(16), photos, near)]


def test_good_photos_of_every_kind_break_nothing() -> None:
    assert _breaks(PHOTO, STREET, MASK) == [[], [], []]


def test_a_catalogue_photo_needs_an_item_and_a_street_photo_does_not() -> None:
    assert _breaks(replace(PHOTO, item_id=None)) == [["an item for a catalogue photo"]]


def test_all_but_masks_are_hashed() -> None:
    assert _breaks(STREET, replace(MASK, phash=None), replace(PHOTO, photo_id="p2", phash=None))[2] == [
        "a perceptual hash, but for masks"
    ]


def test_a_mask_has_the_name_and_the_size_of_its_photo() -> None:
    wrong = [
        replace(MASK, width=61),
        replace(MASK, photo_id="s9/mask"),
        replace(MASK, photo_id="s1/Mask"),
    ]
    assert _breaks(STREET, *wrong)[1:] == [["for a mask"]] * 3
    assert _breaks(replace(MASK, photo_id="s9/mask"), known=frozenset({"s9"})) == [[]]


def test_a_box_lies_inside_the_picture() -> None:
    whole = replace(PHOTO, x0=0.0, y0=0.0, x1=60.0, y1=80.0)
    assert _breaks(whole) == [[]]
    assert _breaks(replace(whole, y1=80.5)) == [["a box inside its picture"]]
    assert _breaks(replace(whole, y1=None)) == [["a box with x0 < x1 and y0 < y1, or four empty values"]]
