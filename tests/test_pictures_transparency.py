"""A PNG's transparent colour lies on white in every bit depth, and so does any other transparency."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from atelier.pictures import decode, normalise

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def png(
    colour_type: int, bits: int, rows: list[bytes], *, clear: bytes | None, palette: bytes = b""
) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    size = 16
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBB3x", size, size, bits, colour_type))
    data += chunk(b"PLTE", palette) if palette else b""
    data += b"" if clear is None else chunk(b"tRNS", clear)
    pixels = b"".join(b"\0" + row for row in rows)
    return data + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def halves(upper: bytes, lower: bytes) -> list[bytes]:
    return [upper] * 8 + [lower] * 8


@pytest.mark.parametrize(
    ("bits", "clear", "other", "other_seen"),
    [
        (1, b"\x00", b"\xff", 255),
        (2, b"\x55", b"\xaa", 170),
        (4, b"\x55", b"\xaa", 170),
        (8, b"\x55", b"\xaa", 170),
        (16, b"\x12\x34", b"\x12\x35", 0x12),
    ],
)
def test_a_transparent_grey_lies_on_white(bits: int, clear: bytes, other: bytes, other_seen: int) -> None:
    width = 16 * bits // 8 // len(clear)
    key = {1: 0, 2: 1, 4: 5, 8: 0x55, 16: 0x1234}[bits]
    data = png(GREY, bits, halves(clear * width, other * width), clear=struct.pack(">H", key))
    pixels = decode(data)
    assert (pixels[:8] == 255).all()
    assert (pixels[8:] == other_seen).all()
    assert normalise(data)[0] != data, "what is kept has no transparency"


@pytest.mark.parametrize(
    ("bits", "clear", "other", "other_seen"),
    [
        (8, b"\x10\x20\x30", b"\x10\x20\x31", (0x10, 0x20, 0x31)),
        (16, b"\x10\x01\x20\x02\x30\x03", b"\x10\x01\x20\x02\x30\x04", (0x10, 0x20, 0x30)),
    ],
)
def test_a_transparent_colour_lies_on_white_and_its_nearest_neighbour_does_not(
    bits: int, clear: bytes, other: bytes, other_seen: tuple[int, int, int]
) -> None:
    key = clear if bits == 16 else bytes(value for each in clear for value in (0, each))
    pixels = decode(png(RGB, bits, halves(clear * 16, other * 16), clear=key))
    assert (pixels[:8] == 255).all()
    assert (pixels[8:] == other_seen).all()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_transparent_entries_of_a_palette_lie_on_white(bits: int) -> None:
    first = {1: b"\x00", 2: b"\x00", 4: b"\x00", 8: b"\x00"}[bits] * (16 * bits // 8)
    second = {1: b"\xff", 2: b"\x55", 4: b"\x11", 8: b"\x01"}[bits] * (16 * bits // 8)
    data = png(PALETTE, bits, halves(first, second), clear=b"\x00\x80", palette=bytes((9, 9, 9, 200, 0, 100)))
    pixels = decode(data).astype(int)
    assert (pixels[:8] == 255).all()
    assert np.abs(pixels[8:] - (227, 127, 177)).max() <= 1, "half of it shines through"


@pytest.mark.parametrize(
    ("colour_type", "bits", "pixel"),
    [
        (GREY_ALPHA, 8, b"\x00\x00"),
        (GREY_ALPHA, 16, b"\x00\x00\x00\x00"),
        (RGB_ALPHA, 8, b"\x00\x00\x00\x00"),
        (RGB_ALPHA, 16, b"\x00" * 8),
    ],
)
def test_an_alpha_channel_lies_on_white(colour_type: int, bits: int, pixel: bytes) -> None:
    opaque = pixel[: -bits // 8] + b"\xff" * (bits // 8)
    pixels = decode(png(colour_type, bits, halves(pixel * 16, opaque * 16), clear=None))
    assert (pixels[:8] == 255).all()
    assert (pixels[8:] == 0).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF"])
def test_transparency_of_other_formats_lies_on_white(kind: str) -> None:
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 8, 16, 16))
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"lossless": True} if kind == "WEBP" else {}))
    pixels = decode(buffer.getvalue())
    assert (pixels[:8] == 255).all()
    assert (pixels[8:] == 0).all()
