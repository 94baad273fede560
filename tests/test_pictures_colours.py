"""Embedded colour profiles are converted to sRGB; one that cannot be used is ignored, and that is logged."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
from icc_profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    Space,
    cmyk_profile,
    grey_profile,
    rgb_profile,
    srgb_encoded,
    textbook_srgb,
)
from PIL import Image, ImageCms

from atelier.errors import PictureError
from atelier.pictures import decode, normalise

SKIN = (198, 160, 140)


def picture(mode: str, colour: object, kind: str, profile: bytes | None) -> bytes:
    buffer = io.BytesIO()
    options = {"quality": 100} if kind in ("JPEG", "WEBP") else {}
    image = Image.new("RGB" if mode == "P" else mode, (32, 24), colour)
    image = image.quantize(4) if mode == "P" else image
    image.save(buffer, kind, icc_profile=profile, **options)
    return buffer.getvalue()


def colour_of(data: bytes) -> np.ndarray:
    return decode(data)[12, 16].astype(float)


@pytest.mark.parametrize("space", [ADOBE_RGB, DISPLAY_P3, PROPHOTO], ids=["adobe", "p3", "prophoto"])
@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("RGB", "PNG"), ("RGB", "TIFF"), ("RGB", "WEBP"), ("P", "PNG")]
)
def test_decode_converts_a_wide_gamut_to_srgb(space: Space, mode: str, kind: str) -> None:
    seen = colour_of(picture(mode, SKIN, kind, rgb_profile(space)))
    expected = textbook_srgb(SKIN, space)
    assert np.abs(expected - SKIN).max() > 6, "the profile matters"
    assert seen == pytest.approx(expected, abs=3)


def test_decode_converts_what_is_half_transparent_before_it_lies_on_white() -> None:
    seen = colour_of(picture("RGBA", (*SKIN, 102), "PNG", rgb_profile(PROPHOTO)))
    assert seen == pytest.approx(0.4 * textbook_srgb(SKIN, PROPHOTO) + 0.6 * 255, abs=2)


@pytest.mark.parametrize(("mode", "colour"), [("L", 120), ("LA", (120, 255))])
@pytest.mark.parametrize("profile", [grey_profile(1.0), rgb_profile((PROPHOTO[0], 1.0))], ids=["grey", "rgb"])
def test_decode_converts_grey_under_either_kind_of_profile(mode: str, colour: object, profile: bytes) -> None:
    assert colour_of(picture(mode, colour, "PNG", profile)) == pytest.approx(
        np.full(3, srgb_encoded(np.array(120 / 255))), abs=2
    )


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_decode_converts_cmyk_by_its_press(kind: str) -> None:
    data = picture("CMYK", (255, 0, 0, 0), kind, cmyk_profile(cyan_ink=(54, 81, 70)))
    assert colour_of(data) == pytest.approx((255, 0, 0), abs=12), "this press prints red in place of cyan"
    assert colour_of(picture("CMYK", (255, 0, 0, 0), kind, None)) == pytest.approx((0, 255, 255), abs=12)


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (b"no profile at all" * 20, "cannot open"),
        (rgb_profile(DISPLAY_P3)[:140], "ignored"),
        (cmyk_profile((50, 0, 0)), "it describes CMYK pixels, the picture has RGB"),
        (grey_profile(1.0), "it describes GRAY pixels, the picture has RGB"),
        (b"\0" * (5 * 2**20), "too large"),
    ],
    ids=["junk", "cut", "cmyk", "grey", "huge"],
)
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_a_profile_that_cannot_be_used_is_ignored_with_its_reason(
    profile: bytes, reason: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "atelier.pictures")
    profile += f"{kind} {reason}".encode()  # each profile is named once in a process
    assert colour_of(picture("RGB", SKIN, kind, profile)) == pytest.approx(SKIN, abs=3)
    assert reason in caplog.text


def test_normalise_keeps_srgb_pictures_byte_for_byte_and_converts_the_others() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for mode, colour in (("RGB", SKIN), ("L", 120)):
        data = picture(mode, colour, "JPEG", srgb)
        assert normalise(data)[0] == data
    converted, _ = normalise(picture("RGB", SKIN, "JPEG", rgb_profile(PROPHOTO)))
    assert colour_of(converted) == pytest.approx(textbook_srgb(SKIN, PROPHOTO), abs=3)
    assert "icc_profile" not in Image.open(io.BytesIO(converted)).info


def test_decode_reads_lab_and_other_rare_modes() -> None:
    assert colour_of(picture("YCbCr", (128, 128, 128), "TIFF", None)) == pytest.approx((128, 128, 128), abs=2)
    assert colour_of(picture("LAB", (255, 128, 128), "TIFF", None)) == pytest.approx((255, 255, 255), abs=2)
    with pytest.raises(PictureError, match="32-bit samples"):
        decode(picture("F", 0.5, "TIFF", None))
