"""Untrusted bytes in, upright RGB pixels out: the one place that opens pictures.

Sizes are checked from the header, before anything is decoded, so that a few kilobytes cannot claim gigabytes.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from atelier.errors import PictureError
from atelier.vocabulary import Box

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What is opened at all; a JPEG with several pictures inside (MPO, as phones write it) counts as JPEG."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation."""
_ON_ITS_SIDE = (5, 6, 7, 8)
"""Orientations of which the upright picture's width is the stored one's height."""


@dataclass(frozen=True)
class PictureLimits:
    """Which pictures are accepted."""

    max_pixels: int = 40_000_000
    """Width times height; more is refused before decoding."""
    min_side: int = 16
    """The shorter side, in pixels."""


DEFAULT_LIMITS = PictureLimits()


def decode(data: bytes, limits: PictureLimits = DEFAULT_LIMITS, shrink_to: int | None = None) -> np.ndarray:
    """Decode a picture to upright RGB, uint8 [H, W, 3].

    EXIF rotation is applied; CMYK, 16-bit, palette and transparent pictures (over white) are converted; of
    an animation the first frame is taken. With `shrink_to`, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size
    as long as its shorter side stays at least that long, which is several times faster. Raises PictureError.
    """
    image = _open(data, limits)
    if shrink_to is not None:
        _shrink(image, shrink_to / min(image.size))
    _load(image)
    return np.array(_rgb(_turned(image)))


@dataclass(frozen=True)
class Shrunk:
    """A picture that was decoded no larger than it is needed."""

    pixels: np.ndarray
    """Upright RGB, uint8 [H, W, 3]."""
    full_size: tuple[int, int]
    """(width, height) of the whole upright picture: what boxes from outside are measured in."""

    def inside(self, box: Box) -> Box:
        """A box of the whole picture, in pixels of `pixels`."""
        x, y = self._scale
        return Box(box.x0 * x, box.y0 * y, box.x1 * x, box.y1 * y)

    def outside(self, box: Box) -> Box:
        """A box in pixels of `pixels`, in those of the whole picture."""
        x, y = self._scale
        return Box(box.x0 / x, box.y0 / y, box.x1 / x, box.y1 / y)

    @property
    def _scale(self) -> tuple[float, float]:
        height, width = self.pixels.shape[:2]
        return width / self.full_size[0], height / self.full_size[1]


def decode_shrunk(
    data: bytes, shrink_to: int, part: Box | None = None, limits: PictureLimits = DEFAULT_LIMITS
) -> Shrunk:
    """Like `decode` with `shrink_to`, for a caller who has boxes.

    `part`, in pixels of the whole upright picture, is what is looked at: its longer side, instead of the
    picture's shorter one, stays at least `shrink_to` long. Raises PictureError.
    """
    image = _open(data, limits)
    width, height = image.size if _orientation(image) not in _ON_ITS_SIDE else image.size[::-1]
    _shrink(image, shrink_to / (min(width, height) if part is None else _longer_side(part, width, height)))
    _load(image)
    return Shrunk(np.array(_rgb(_turned(image))), (width, height))


def size(data: bytes, limits: PictureLimits = DEFAULT_LIMITS) -> tuple[int, int]:
    """The (width, height) that the header claims, before any EXIF rotation. Raises PictureError."""
    return _open(data, limits).size


def normalise(data: bytes, limits: PictureLimits = DEFAULT_LIMITS) -> tuple[bytes, tuple[int, int]]:
    """Return bytes fit for the store, and their upright (width, height).

    An upright 8-bit RGB or grey JPEG or PNG is kept byte for byte; everything else is encoded anew as JPEG.
    Either way the picture was decoded whole. Masks never pass here. Raises PictureError.
    """
    image = _open(data, limits)
    _load(image)
    if _is_plain(image):
        return data, image.size
    upright = _rgb(_turned(image))
    return encode_jpeg(np.asarray(upright), quality=95), upright.size


def read_mask(data: bytes, limits: PictureLimits = DEFAULT_LIMITS) -> np.ndarray:
    """Decode a label mask, an 8-bit PNG of one channel, to label indices, uint8 [H, W]; or PictureError."""
    image = _open(data, limits)
    if image.format != "PNG" or image.mode not in ("L", "P"):
        raise PictureError(
            f"a mask is an 8-bit PNG of label indices in one channel; this one is {image.format} {image.mode}"
        )
    _load(image)
    return np.array(image)


def encode_jpeg(pixels: np.ndarray, quality: int = 90) -> bytes:
    """Encode uint8 [H, W, 3] or [H, W] as JPEG; from quality 95 on, colour keeps its full resolution."""
    buffer = io.BytesIO()
    subsampling = "4:4:4" if quality >= 95 else "4:2:0"
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return buffer.getvalue()


def perceptual_hash(pixels: np.ndarray) -> str:
    """Hash the look of a picture: 64 bits as 16 hexadecimal digits, few of which change when it is re-saved.

    `pixels` is uint8 [H, W, 3] or [H, W]. Signs, against their median, of the 64 lowest frequencies of a
    cosine transform (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010,
    section 3.2).
    """
    grey = Image.fromarray(pixels).convert("L").resize((32, 32), Image.Resampling.BOX)
    cosines = _cosines()
    spectrum = cosines @ np.asarray(grey, dtype=np.float32) @ cosines.T
    coefficients = spectrum.ravel()
    bits = coefficients > np.median(coefficients[1:])
    return np.packbits(bits).tobytes().hex()


@cache
def _cosines() -> np.ndarray:
    """The 8 lowest rows of the 32-point DCT-II, float32 [8, 32]."""
    frequency, position = np.arange(8)[:, None], np.arange(32)[None, :]
    return np.cos(math.pi * frequency * (2 * position + 1) / 64).astype(np.float32)


def _open(data: bytes, limits: PictureLimits) -> Image.Image:
    """Read the header alone and hold it against the limits."""
    if not data:
        raise PictureError("the picture has no bytes; expected " + _expected())
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(
            f"the picture is too large to decode: at most {limits.max_pixels:,} pixels are accepted"
        ) from error
    except Exception as error:  # on hostile bytes Pillow's parsers raise whatever they stumble over
        raise PictureError(
            f"not a picture we can read ({len(data):,} bytes beginning {data[:8].hex(' ')}); "
            f"expected {_expected()}"
        ) from error
    width, height = image.size
    if width * height > limits.max_pixels:
        raise PictureError(
            f"the picture has {width} x {height} pixels; at most {limits.max_pixels:,} are accepted"
        )
    if min(width, height) < limits.min_side:
        raise PictureError(
            f"the picture has {width} x {height} pixels; its shorter side needs at least {limits.min_side}"
        )
    return image


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except Exception as error:  # as above: truncated and twisted bytes fail in many ways
        raise PictureError(
            f"the {image.format} picture of {image.size[0]} x {image.size[1]} pixels cannot be decoded "
            f"(truncated or damaged?): {error}"
        ) from error


def _shrink(image: Image.Image, scale: float) -> None:
    """Have a JPEG decoded at the smallest of 1/2, 1/4 and 1/8 that is at least `scale`."""
    if scale < 1:
        image.draft("", (math.ceil(image.size[0] * scale), math.ceil(image.size[1] * scale)))


def _longer_side(part: Box, width: int, height: int) -> float:
    """Of what lies on the picture; at least a pixel."""
    x = min(part.x1, width) - max(part.x0, 0)
    y = min(part.y1, height) - max(part.y0, 0)
    return max(x, y, 1.0)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # a picture with a broken EXIF block is still a picture
        return 1


def _turned(image: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _is_plain(image: Image.Image) -> bool:
    return (
        image.format in ("JPEG", "PNG")
        and image.mode in ("RGB", "L")
        and "transparency" not in image.info
        and getattr(image, "n_frames", 1) == 1
        and _orientation(image) not in _UPRIGHT
    )


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        samples = np.asarray(image).astype(np.uint16)
        return Image.fromarray((samples >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise PictureError(f"the picture has 32-bit samples (mode {image.mode}); expected 8 or 16 bits")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _expected() -> str:
    return ", ".join(FORMATS[:-1]) + f" or {FORMATS[-1]}"
