"""Palettes: near for the same colours, whatever the shape."""

from __future__ import annotations

import numpy as np

from atelier.families.outfit.colours import DIMENSION, item_palette, palette


def plain(*colour: int) -> np.ndarray:
    return np.full((8, 6, 3), colour, np.uint8)


def test_a_palette_is_a_unit_vector_that_knows_no_places() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 12, 3)).astype(np.uint8)
    first = palette(pixels)
    assert first.shape == (DIMENSION,)
    np.testing.assert_allclose(np.linalg.norm(first), 1, atol=1e-6)
    np.testing.assert_array_equal(first, palette(pixels[::-1].reshape(-1, 3)))


def test_near_colours_are_near_and_others_are_not() -> None:
    navy, blue, red = palette(plain(20, 30, 90)), palette(plain(22, 32, 86)), palette(plain(200, 30, 40))
    assert navy @ blue == 1
    assert navy @ red == 0


def test_only_what_is_opaque_counts() -> None:
    cut_out = np.dstack([plain(200, 30, 40), np.full((8, 6), 255, np.uint8)])
    cut_out[:4] = 0
    np.testing.assert_array_equal(item_palette(cut_out), palette(plain(200, 30, 40)))
    cut_out[..., 3] = 0
    assert np.isfinite(item_palette(cut_out)).all(), "a picture without an item counts whole"
