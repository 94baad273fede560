"""Products on a plain background are taken off it; on any other the picture stays whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atelier.matting import item_before_plain_background, matte

LIGHT = st.tuples(*[st.integers(200, 255)] * 3)


def _product(
    background: tuple[int, int, int] = (250, 250, 250), height: int = 60, width: int = 48
) -> np.ndarray:
    """A dark block from (15, 12) to (45, 36)."""
    pixels = np.full((height, width, 3), background, np.uint8)
    pixels[15:45, 12:36] = (60, 40, 120)
    return pixels


@settings(max_examples=25, deadline=None)
@given(background=LIGHT)
def test_the_product_is_opaque_and_its_plain_background_is_gone(background: tuple[int, int, int]) -> None:
    alpha = matte(_product(background))[..., 3]
    assert (alpha[18:42, 15:33] == 255).all()
    assert (alpha[:12] == 0).all()
    assert (alpha[:, :9] == 0).all()


def test_colours_inside_the_product_stay_as_they_are() -> None:
    pixels = _product()
    np.testing.assert_array_equal(matte(pixels)[18:42, 15:33, :3], pixels[18:42, 15:33])


def test_a_vignette_and_jpeg_noise_are_plain_too() -> None:
    y, x = np.mgrid[-1:1:60j, -1:1:48j]
    rng = np.random.default_rng(0)
    pixels = np.clip(245 - 30 * (x * x + y * y)[..., None] + rng.normal(0, 2, (60, 48, 3)), 0, 255).astype(
        np.uint8
    )
    pixels[15:45, 12:36] = (60, 40, 120)
    alpha = matte(pixels)[..., 3]
    assert (alpha[18:42, 15:33] == 255).all()
    assert (alpha[:10] == 0).mean() > 0.95


def test_a_hole_that_is_not_joined_to_the_border_stays() -> None:
    pixels = _product()
    pixels[25:35, 20:28] = 250
    assert (matte(pixels)[27:33, 22:26, 3] == 255).all()


@pytest.mark.parametrize("kind", ["noise", "all background", "all product"])
def test_without_a_plain_background_or_a_product_the_picture_is_kept_whole(kind: str) -> None:
    pixels = {
        "noise": np.random.default_rng(0).integers(0, 256, (60, 48, 3), dtype=np.uint8),
        "all background": np.full((60, 48, 3), 250, np.uint8),
        "all product": np.kron(np.indices((30, 24)).sum(0) % 2, np.ones((2, 2)))[..., None]
        .repeat(3, 2)
        .astype(np.uint8)
        * 200,
    }[kind]
    cut = matte(pixels)
    assert (cut[..., 3] == 255).all()
    np.testing.assert_array_equal(cut[..., :3], pixels)
    assert item_before_plain_background(pixels) is None


@pytest.mark.parametrize("scale", [1, 4])
def test_the_box_is_that_of_the_product_at_any_size(scale: int) -> None:
    pixels = np.kron(_product(), np.ones((scale, scale, 1), np.uint8))
    box = item_before_plain_background(pixels)
    assert box is not None
    np.testing.assert_allclose(box.as_tuple(), np.array([12, 15, 36, 45]) * scale, atol=2 * scale)


def test_a_stricter_share_of_the_border_refuses_a_product_that_covers_much_of_it() -> None:
    pixels = _product()
    pixels[30:] = (60, 40, 120)  # stands in the way of the lower half
    assert item_before_plain_background(pixels, 0.45) is not None
    assert item_before_plain_background(pixels, 0.75) is None
