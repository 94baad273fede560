"""Pictures: whatever arrives becomes upright RGB or a PictureError, and the header is believed first."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from atelier.errors import PictureError
from atelier.pictures import (
    FORMATS,
    SUFFIXES,
    PictureLimits,
    decode,
    decode_shrunk,
    encode_jpeg,
    normalise,
    perceptual_hash,
    read_mask,
    size,
)
from atelier.vocabulary import Box

pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")


def gradient(height: int = 60, width: int = 40) -> np.ndarray:
    """Red grows to the right, green downwards: every corner has its own colour."""
    rows, columns = np.mgrid[0:height, 0:width]
    red, green = columns * 255 // (width - 1), rows * 255 // (height - 1)
    return np.stack([red, green, np.full_like(red, 60)], axis=-1).astype(np.uint8)


def scene(seed: int, height: int = 120, width: int = 90) -> np.ndarray:
    """Smooth noise: an arbitrary picture with structure at low frequencies."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


RGB = Image.fromarray(gradient())
ODD_BUT_GOOD = {
    "png": saved(RGB, "PNG"),
    "webp": saved(RGB, "WEBP", lossless=True),
    "bmp": saved(RGB, "BMP"),
    "tiff": saved(RGB, "TIFF"),
    "opaque rgba": saved(RGB.convert("RGBA"), "PNG"),
    "palette": saved(RGB.quantize(256), "PNG"),
    "animated gif": saved(RGB, "GIF", save_all=True, append_images=[RGB.rotate(180)]),
    "animated webp": saved(RGB, "WEBP", save_all=True, append_images=[RGB.rotate(180)], lossless=True),
    "animated png": saved(RGB, "PNG", save_all=True, append_images=[RGB.rotate(180)]),
    "cmyk jpeg": saved(RGB.convert("CMYK"), "JPEG", quality=100, subsampling=0),
    "jpeg": saved(RGB, "JPEG", quality=100, subsampling=0),
    "jpeg with broken exif": saved(RGB, "JPEG", quality=100, subsampling=0, exif=b"Exif\0\0junk"),
}


@pytest.mark.parametrize("kind", ODD_BUT_GOOD)
def test_decode_gives_the_same_rgb_from_every_format(kind: str) -> None:
    pixels = decode(ODD_BUT_GOOD[kind])
    assert pixels.dtype == np.uint8
    assert pixels.shape == (60, 40, 3)
    assert np.abs(pixels.astype(int) - gradient()).mean() < 12


def stored_as(orientation: int, kind: str) -> bytes:
    """The gradient as a camera stores it that was held in another way."""
    undo = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    by_kind: dict[str, dict[str, int]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": 1}}
    options = by_kind.get(kind, {})
    image = Image.fromarray(np.ascontiguousarray(undo[orientation](gradient())))
    return saved(image, kind, exif=exif, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_to_read_a_photo_agrees_on_the_upright_frame(orientation: int, kind: str) -> None:
    data = stored_as(orientation, kind)
    assert np.abs(decode(data).astype(int) - gradient()).max() <= (12 if kind == "JPEG" else 0)
    shrunk = decode_shrunk(data, 16, Box(0, 0, 40, 60))
    assert shrunk.full_size == size(data) == normalise(data)[1] == (40, 60)
    lower_left = shrunk.inside(Box(0, 40, 20, 60))
    assert shrunk.outside(lower_left).as_tuple() == pytest.approx((0, 40, 20, 60))
    height, width = shrunk.pixels.shape[:2]
    assert lower_left.as_tuple() == pytest.approx((0, height * 2 / 3, width / 2, height))


def test_files_of_every_format_are_known_by_all_their_suffixes() -> None:
    of_pillow = {
        suffix for suffix, kind in Image.registered_extensions().items() if kind in {*FORMATS, "MPO", "DIB"}
    }
    assert of_pillow <= SUFFIXES
    assert {".jfif", ".jpe", ".jfi"} <= SUFFIXES


def test_decode_puts_transparent_pictures_on_white() -> None:
    rgba = np.dstack([gradient(), np.zeros((60, 40), np.uint8)])
    rgba[:30, :, 3] = 255
    pixels = decode(saved(Image.fromarray(rgba), "PNG"))
    assert np.array_equal(pixels[:30], gradient()[:30])
    assert (pixels[30:] == 255).all()


def test_decode_scales_16_bit_samples() -> None:
    grey = (gradient()[..., 0].astype(np.uint16) << 8) + 17
    pixels = decode(saved(Image.fromarray(grey), "PNG"))
    assert np.array_equal(pixels[..., 0], gradient()[..., 0])


def test_decode_shrinks_large_jpegs_but_not_below_what_was_asked() -> None:
    data = encode_jpeg(scene(0, 1200, 800))
    assert decode(data, shrink_to=128).shape == (300, 200, 3)
    assert decode(data, shrink_to=1000).shape == (1200, 800, 3)
    assert decode(data).shape == (1200, 800, 3)


def test_a_part_keeps_the_detail_that_was_asked_on_its_longer_side() -> None:
    data = encode_jpeg(scene(0, 1200, 800))
    assert decode_shrunk(data, 128).pixels.shape == (300, 200, 3)
    assert decode_shrunk(data, 128, Box(0, 0, 100, 300)).pixels.shape == (600, 400, 3)
    assert decode_shrunk(data, 128, Box(700, 0, 9_000, 200)).pixels.shape == (1200, 800, 3)


def test_boxes_go_into_a_shrunk_picture_and_back() -> None:
    stored = Image.fromarray(np.rot90(scene(0, 1200, 800)).copy())
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = decode_shrunk(saved(stored, "JPEG", exif=exif), 128)
    assert (photo.full_size, photo.pixels.shape) == ((800, 1200), (300, 200, 3))
    box = Box(80, 240, 400, 1200)
    assert photo.inside(box).as_tuple() == pytest.approx((20, 60, 100, 300))
    assert photo.outside(photo.inside(box)).as_tuple() == pytest.approx(box.as_tuple())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no bytes"),
        (b"<html>404</html>", "not a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "not a picture"),
        (saved(RGB, "JPEG")[:700], "cannot be decoded"),
        (saved(Image.fromarray(scene(0)), "PNG")[:5000], "cannot be decoded"),
        (saved(RGB, "ICO"), "not a picture"),
        (saved(Image.new("RGB", (1, 1)), "PNG"), "shorter side"),
        (saved(Image.new("RGB", (500, 15)), "PNG"), "500 x 15"),
        (png_claiming(13_000, 13_000), "at most 40,000,000"),
        (png_claiming(2**31 - 1, 2**31 - 1), "at most 40,000,000"),
        (png_claiming(0, 0), "not a picture"),
        (saved(Image.new("F", (40, 40)), "TIFF"), "32-bit"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_was_expected(data: bytes, said: str) -> None:
    with pytest.raises(PictureError, match=said):
        decode(data)
    with pytest.raises(PictureError, match=said):
        normalise(data)


def test_size_is_checked_before_a_pixel_is_decoded() -> None:
    """36 million pixels in 35 kB would take 108 MB; the limit is met by the header alone."""
    bomb = saved(Image.new("L", (6_000, 6_000)), "PNG")
    with pytest.raises(PictureError, match="6000 x 6000"):
        decode(bomb, PictureLimits(max_pixels=1_000_000))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_plain_pictures_are_stored_byte_for_byte(kind: str, mode: str) -> None:
    data = saved(RGB.convert(mode), kind)
    assert normalise(data) == (data, (40, 60))


@pytest.mark.parametrize(
    "kind", ["webp", "opaque rgba", "palette", "animated gif", "animated png", "cmyk jpeg", "tiff"]
)
def test_other_pictures_are_stored_as_jpeg_and_look_the_same(kind: str) -> None:
    stored, dimensions = normalise(ODD_BUT_GOOD[kind])
    assert dimensions == (40, 60)
    assert normalise(stored) == (stored, dimensions), "what is stored is not touched again"
    assert np.abs(decode(stored).astype(int) - decode(ODD_BUT_GOOD[kind])).mean() < 3


def test_size_reads_the_header() -> None:
    assert size(saved(RGB, "PNG")) == (40, 60)


def test_masks_keep_their_labels() -> None:
    labels = (np.arange(60 * 40) % 59).astype(np.uint8).reshape(60, 40)
    assert np.array_equal(read_mask(saved(Image.fromarray(labels), "PNG")), labels)
    for wrong in (saved(RGB, "PNG"), saved(RGB.convert("L"), "JPEG")):
        with pytest.raises(PictureError, match="8-bit PNG of label indices"):
            read_mask(wrong)


def test_the_hash_survives_saving_and_resizing_and_tells_pictures_apart() -> None:
    hashes = [int(perceptual_hash(scene(seed)), 16) for seed in range(20)]
    for seed, value in enumerate(hashes):
        worn = decode(encode_jpeg(scene(seed), quality=60))
        small = np.asarray(Image.fromarray(scene(seed)).resize((70, 100)))
        for copy in (worn, small):
            assert (int(perceptual_hash(copy), 16) ^ value).bit_count() <= 4
    apart = [(a ^ b).bit_count() for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) > 8


def test_the_hash_has_16_digits_even_for_a_blank_picture() -> None:
    assert len(perceptual_hash(np.zeros((20, 20, 3), np.uint8))) == 16
