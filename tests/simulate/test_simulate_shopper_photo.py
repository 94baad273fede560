"""A catalogue photo becomes a shopper's photo, with a box that is true."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from atelier.matting import Pixels
from atelier.simulate.shopper_photo import (
    HEAVY,
    MILD,
    TYPICAL_DEGRADATION,
    PhotoDegradation,
    cut_out,
    render_reshot,
    render_street,
    reshot_jpeg,
    street_jpeg,
)

GREEN = (20, 200, 40)
CLEAN = PhotoDegradation(
    perspective=0,
    exposure=(1, 1),
    contrast=(1, 1),
    cast=0,
    shade=0,
    blur=(0, 0),
    noise=(0, 0),
    quality=(95, 95),
)
"""Only the place and the tilt are left to chance, so that green pixels can be counted."""


def _product(size: tuple[int, int] = (60, 80), background: tuple[int, int, int] = (255, 255, 255)) -> Pixels:
    picture = Image.new("RGB", size, background)
    ImageDraw.Draw(picture).rectangle((15, 20, size[0] - 16, size[1] - 21), fill=GREEN)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90, subsampling=0)  # chance enough, no colour beyond edges
    return np.array(Image.open(buffer))


def _street(rng: np.random.Generator) -> Pixels:
    """Clutter without a green pixel."""
    clutter = rng.integers(0, 255, size=(300, 220, 3), dtype=np.uint8)
    clutter[..., 1] //= 4
    return clutter


def _is_green(pixels: Pixels) -> np.ndarray:
    red, green, blue = (pixels[..., channel].astype(int) for channel in range(3))
    return (green > red + 60) & (green > blue + 60)


def test_the_cut_out_is_tight_and_opaque() -> None:
    rgba = cut_out(_product())
    assert rgba.shape[2] == 4
    assert abs(rgba.shape[0] - 40) <= 2
    assert abs(rgba.shape[1] - 30) <= 2
    assert (rgba[3:-3, 3:-3, 3] == 255).all()


def test_edge_pixels_are_freed_of_a_white_background() -> None:
    rgba = cut_out(_product())
    seen = rgba[rgba[..., 3] > 128][:, :3].astype(int)
    assert (seen.min(axis=1) < 170).mean() > 0.98, "white fringe around the product"


def test_a_vignette_is_a_plain_background() -> None:
    pixels = _product(background=(235, 235, 235)).astype(float)
    y, x = np.mgrid[-1:1:80j, -1:1:60j]
    shaded = np.where(
        _is_green(pixels.astype(np.uint8))[..., None], pixels, pixels - 25 * (x**2 + y**2)[..., None]
    )
    assert cut_out(shaded.astype(np.uint8)).shape[0] < 50


def test_a_picture_without_a_plain_background_is_kept_whole() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(80, 60, 3), dtype=np.uint8)
    rgba = cut_out(pixels)
    assert rgba.shape == (80, 60, 4)
    assert (rgba[..., 3] == 255).all()
    assert (rgba[..., :3] == pixels).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_box_is_that_of_the_product_in_the_street_photo(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels, box = render_street(cut_out(_product()), _street(rng), rng, CLEAN)
    rows, columns = np.flatnonzero(_is_green(pixels).any(1)), np.flatnonzero(_is_green(pixels).any(0))
    seen = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert np.abs(np.array(seen) - box.as_tuple()).max() <= 4


@pytest.mark.parametrize("degradation", [MILD, TYPICAL_DEGRADATION, HEAVY])
def test_street_photos_have_the_promised_size_and_the_box_lies_inside(degradation: PhotoDegradation) -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        pixels, box = render_street(cut_out(_product()), _street(rng), rng, degradation)
        height, width = pixels.shape[:2]
        assert 300 <= width <= 400 < 1.5 * width + 100
        assert height > width
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height


def test_the_short_side_can_be_asked_for() -> None:
    rng = np.random.default_rng(2)
    assert render_street(cut_out(_product()), _street(rng), rng, short_side=96)[0].shape[1] == 96


def test_a_large_source_is_shrunk_into_the_photo() -> None:
    rng = np.random.default_rng(3)
    pixels, box = render_street(cut_out(_product((600, 800))), _street(rng), rng, CLEAN)
    assert box.y1 <= pixels.shape[0]
    assert _is_green(pixels).sum() > 0.5 * (box.x1 - box.x0) * (box.y1 - box.y0)


def test_a_reshot_photo_shows_the_product_on_another_background() -> None:
    rng = np.random.default_rng(4)
    source = _product()
    photo = render_reshot(source, rng)
    assert photo.shape == source.shape
    assert _is_green(photo).sum() == pytest.approx(_is_green(source).sum(), rel=0.4)
    assert np.abs(photo[:4].mean() - 255) > 5, "the background is still white"


def test_the_same_chance_gives_the_same_bytes() -> None:
    source, street = _product(), _street(np.random.default_rng(0))
    first, second = (
        (
            street_jpeg(cut_out(source), street, np.random.default_rng(5)),
            reshot_jpeg(source, np.random.default_rng(6)),
        )
        for _ in range(2)
    )
    assert first == second
