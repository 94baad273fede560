"""Products are cut out softly, with their holes and shadows."""

from __future__ import annotations

import io

import numpy as np
import pytest
from collage_pieces import ellipse_on
from PIL import Image, ImageDraw

from atelier.collage.cutouts import CutOuts, cut_out
from atelier.errors import PictureError


def _jpeg(pixels: np.ndarray, **how: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=92, **how)
    return out.getvalue()


def test_a_cut_out_is_cropped_soft_at_its_edge_and_keeps_its_hole() -> None:
    cut = cut_out(ellipse_on((255, 255, 255), (150, 30, 40), hole=True))
    assert abs(cut.shape[1] - 120) <= 3 and abs(cut.shape[0] - 160) <= 3
    alpha = cut[..., 3]
    assert alpha[80, 60] == 0, "one sees through the hole"
    assert alpha[20, 60] == alpha[80, 10] == 255
    assert ((alpha > 30) & (alpha < 225)).sum() > 40, "soft edges"


def test_edge_pixels_carry_the_products_colour_and_none_of_the_background() -> None:
    cut = cut_out(ellipse_on((255, 255, 255), (150, 30, 40)))
    edge = (cut[..., 3] > 60) & (cut[..., 3] < 250)
    assert cut[..., 1][edge].mean() < 90, "white would have 255 there"


def test_a_white_product_on_white_keeps_its_inside() -> None:
    photo = ellipse_on((255, 255, 255), (150, 150, 155))
    image = Image.fromarray(photo)
    ImageDraw.Draw(image).ellipse((66, 86, 174, 234), fill=(244, 244, 246))
    cut = cut_out(np.asarray(image))
    assert (cut[30:-30, 40:-40, 3] == 255).all()


def test_a_shadow_on_the_floor_becomes_transparent_and_dark() -> None:
    y, x = np.mgrid[:320, :240].astype(np.float32)
    fall = np.exp(-(((x - 120) / 70) ** 2 + ((y - 215) / 22) ** 2))
    photo = np.repeat((255 - 60 * fall)[..., None], 3, axis=2)
    photo[100:200, 60:180] = (30, 60, 140)
    cut = cut_out(photo.astype(np.uint8))
    below = cut[104:]
    assert below.size and below[..., 3].max() < 90
    assert cut[50, 60, 3] == 255


def test_a_picture_without_a_plain_background_keeps_it() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)
    assert cut_out(photo).shape == (64, 48, 4)
    assert (cut_out(photo)[..., 3] == 255).all()


def test_cut_outs_are_made_once_as_long_as_they_are_kept() -> None:
    kept = CutOuts(most=1)
    one = _jpeg(ellipse_on((255, 255, 255), (150, 30, 40)))
    other = _jpeg(ellipse_on((250, 250, 250), (20, 60, 140)))
    first = kept.get(one)
    assert kept.get(one) is first
    kept.get(other)
    again = kept.get(one)
    assert again is not first
    np.testing.assert_array_equal(again, first)
    with pytest.raises(PictureError):
        kept.get(b"no picture")
