"""Cut-outs and the finished picture: what is drawn where, without fringes, in every format."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from collage_pieces import piece
from PIL import Image

from atelier.collage.boxes import Piece
from atelier.collage.collage import CollageOptions, faults, make_collage
from atelier.collage.cutouts import CutOuts
from atelier.collage.templates import library
from atelier.errors import CollageError

REAL = Path(os.environ.get("ATELIER_REAL_DATA", "../shared/data/fashion"), "fpi", "images_hires.zip")
OUTFIT = ("top", "bottom", "shoes", "bag", "accessory")


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
