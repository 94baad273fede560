"""Pieces of street photos, cut out by their masks."""

from __future__ import annotations

import numpy as np

from atelier.families.outfit.colours import palette
from atelier.jobs.outfit.street_crops import MIN_PIXELS, crops_of
from atelier.vocabulary import Region

RED, BLUE = (200, 30, 40), (30, 40, 160)


def plain(*colour: int, side: int = 60) -> np.ndarray:
    return np.full((side, side, 3), colour, np.uint8)


def street() -> tuple[np.ndarray, np.ndarray, list[Region]]:
    """A red top above blue trousers, a small belt, and skin, on grey."""
    pixels, mask = plain(128, 128, 128, side=200), np.zeros((200, 200), np.uint8)
    regions = []
    for value, label, window, colour in (
        (5, "top", np.s_[20:80, 60:140], RED),
        (9, "trousers", np.s_[85:190, 70:130], BLUE),
        (7, "belt", np.s_[80:85, 60:140], (0, 0, 0)),
        (3, "skin", np.s_[0:50, 0:50], (220, 180, 160)),
    ):
        pixels[window], mask[window] = colour, value
        regions.append(Region("p", label, 0, 0, 200, 200, mask_value=value))
    return pixels, mask, regions


def test_pieces_are_cut_out_by_their_masks_and_nothing_else_of_the_photo_is_kept() -> None:
    pixels, mask, regions = street()
    top, trousers = crops_of("p", pixels, mask, regions)
    assert (top.label, trousers.label) == ("top", "trousers"), "no skin, no belt of few pixels"
    np.testing.assert_array_equal(top.palette_C, palette(plain(*RED)))
    mask[20:80, 60:140] = 0
    mask[20:50, 60:109] = 5
    assert (mask == 5).sum() < MIN_PIXELS
    assert [crop.label for crop in crops_of("p", pixels, mask, regions)] == ["trousers"]


def test_regions_without_a_value_in_the_mask_have_no_crop() -> None:
    pixels, mask, _ = street()
    assert crops_of("p", pixels, mask, [Region("p", "top", 0, 0, 9, 9)]) == []
