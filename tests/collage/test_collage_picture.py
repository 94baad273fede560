"""Cut-outs and the finished picture: what is drawn where, without fringes, in every format."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from collage_pieces import ellipse_on, piece
from PIL import Image, ImageDraw

from atelier.collage.boxes import Piece
from atelier.collage.collage import CollageOptions, faults, make_collage
from atelier.collage.cutouts import CutOuts, cut_out
from atelier.collage.templates import library, parse_template
from atelier.errors import CollageError, PictureError

REAL = Path(os.environ.get("ATELIER_REAL_DATA", "../shared/data/fashion"), "fpi", "images_hires.zip")
OUTFIT = ("top", "bottom", "shoes", "bag", "accessory")
PLAIN = parse_template(
    """{"name": "Plain", "canvas": [100, 100], "background": {"colour": "#F0E6DC"}, "boxes": [
    {"slots": ["top"], "box": [10, 10, 45, 90]}, {"slots": ["bottom"], "box": [55, 10, 90, 90]}]}"""
)


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


def test_a_piece_without_a_picture_is_named() -> None:
    empty = np.zeros((20, 20, 4), np.uint8)
    with pytest.raises(CollageError, match=r"item i7 \(shoes\): its picture is wholly transparent"):
        Piece("i7", "shoes", None, empty)
    with pytest.raises(CollageError, match=r"item i7 \(shoes\): its picture is uint8 \[20, 20, 3\]"):
        Piece("i7", "shoes", None, empty[..., :3])
    with pytest.raises(CollageError, match="20 x 1 pixels; expected 2 each way or more"):
        Piece("i7", "shoes", None, np.full((1, 20, 4), 255, np.uint8))


def test_outside_the_boxes_is_background_and_inside_is_the_piece() -> None:
    pieces = [piece("top", 0.5, colour=200), piece("bottom", 0.5, colour=10)]
    collage = make_collage(pieces, [PLAIN], options=CollageOptions((400, 400)))
    assert collage.template == "Plain"
    drawn = np.zeros((400, 400), bool)
    for each in collage.layout.placed:
        x0, y0, x1, y1 = (4 * side for side in each.box.as_tuple())
        drawn[round(y0) : round(y1), round(x0) : round(x1)] = True
        middle = collage.pixels[round((y0 + y1) / 2), round((x0 + x1) / 2)]
        np.testing.assert_array_equal(middle, each.piece.picture[0, 0, :3])
    assert (collage.pixels[~drawn] == (0xF0, 0xE6, 0xDC)).all()


def test_transparent_pixels_colours_never_bleed_into_the_picture() -> None:
    picture = np.zeros((300, 150, 4), np.uint8)
    picture[..., :3] = (0, 255, 0)
    picture[50:250, 30:120] = (240, 230, 220, 255)
    pieces = [Piece("a", "top", None, picture), Piece("b", "bottom", None, picture)]
    pixels = make_collage(pieces, [PLAIN], options=CollageOptions((300, 300))).pixels.astype(int)
    assert (pixels[..., 1] - pixels[..., 0]).max() <= 0, "no green"
    assert pixels.min() >= 210, "no dark fringe"


def test_higher_layers_are_drawn_over_lower_ones() -> None:
    boxes = (replace(PLAIN.boxes[0], layer=1, may_overlap=frozenset({"bottom"})), PLAIN.boxes[1])
    crossing = tuple(replace(each, box=replace(each.box, x0=30, x1=70)) for each in boxes)
    pieces = [piece("top", 0.5, colour=200), piece("bottom", 0.5, colour=10)]
    collage = make_collage(pieces, [replace(PLAIN, boxes=crossing)], options=CollageOptions((200, 200)))
    assert collage.measures.num_overlaps == 1
    assert collage.pixels[100, 100, 0] == 200


@pytest.mark.parametrize("size", [(800, 800), (640, 800), (1280, 720), (500, 400)])
def test_outfits_of_any_size_and_proportions_have_no_fault(size: tuple[int, int]) -> None:
    for number in range(2, len(OUTFIT) + 1):
        pieces = [piece(slot) for slot in OUTFIT[:number]]
        collage = make_collage(pieces, library(), options=CollageOptions(size))
        assert collage.image.size == size
        assert faults(collage.layout) == []
        assert len(collage.layout.placed) == number


@pytest.mark.parametrize(("file_format", "name"), [("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")])
def test_one_collage_is_encoded_in_every_format_at_several_sizes(file_format: str, name: str) -> None:
    collage = make_collage([piece(slot) for slot in OUTFIT], library(), options=CollageOptions((600, 600)))
    for width in (None, 300, 96):
        read = Image.open(io.BytesIO(collage.encode(file_format, width)))
        assert (read.format, read.size) == (name, (width or 600, width or 600))
        small = collage.image.resize(read.size, Image.Resampling.LANCZOS)
        assert np.abs(np.asarray(read.convert("RGB"), int) - np.asarray(small, int)).mean() < 3


def test_what_cannot_be_made_is_refused_in_words() -> None:
    pieces = [piece("top"), piece("shoes")]
    with pytest.raises(CollageError, match="1 to 12 pieces, not 0"):
        make_collage([], library())
    with pytest.raises(CollageError, match="the text 'title' cannot be set: no fonts were given"):
        make_collage(pieces, library(), {"title": "Linen"})
    with pytest.raises(CollageError, match="each side is 64 to 4096"):
        CollageOptions((20, 800))
    collage = make_collage(pieces, library(), {"title": "  "}, options=CollageOptions((200, 200)))
    with pytest.raises(CollageError, match="no format 'gif'"):
        collage.encode("gif")
    with pytest.raises(CollageError, match="expected 16 to 200"):
        collage.encode("png", 900)


def test_the_same_set_gives_the_same_picture() -> None:
    first, again = (
        make_collage([piece(slot) for slot in OUTFIT], library(), options=CollageOptions((300, 300), seed=4))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.pixels, again.pixels)


@pytest.mark.skipif(not REAL.exists(), reason=f"no real photos at {REAL}")
def test_real_catalogue_photos_are_cut_out_and_laid_out() -> None:
    with zipfile.ZipFile(REAL) as archive:
        photos = [archive.read(name) for name in archive.namelist()[:5]]
    kept = CutOuts()
    pieces = [
        Piece(str(number), slot, None, kept.get(data))
        for number, (slot, data) in enumerate(zip(OUTFIT, photos, strict=True))
    ]
    assert all(each.ink < 0.95 for each in pieces), "the background is gone"
    assert faults(make_collage(pieces, library()).layout) == []
