"""Untrusted bytes in, upright sRGB pixels out: the one place that opens pictures.

Sizes are checked from the header, before anything is decoded, so that a few kilobytes cannot claim gigabytes.
"""

from __future__ import annotations

import io
import logging
import math
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from atelier.errors import PictureError
from atelier.files import write_whole
from atelier.vocabulary import Box

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What is opened at all; a JPEG with several pictures inside (MPO, as phones write it) counts as JPEG."""
SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif", ".mpo"),
        *(".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    }
)
"""Endings of files in these formats, in lower case."""

ENDINGS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""What the name of a picture to write may end with, and its format."""

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

_MODE_OF_PROFILE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""The pixels that an ICC profile of each colour space describes."""
_MAX_PROFILE_BYTES = 4 * 2**20
_MAX_SRGB_DIFFERENCE = 2
"""Steps of 255 by which colours may move under a profile that counts as sRGB: what rounding does."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureLimits:
    """Limits of accepted pictures."""

    max_pixels: int = 40_000_000
    """Width times height; more is refused before decoding."""
    min_side: int = 16
    """The shorter side, in pixels."""


DEFAULT_LIMITS = PictureLimits()


def decode(data: bytes, limits: PictureLimits = DEFAULT_LIMITS, shrink_to: int | None = None) -> np.ndarray:
    """Decode a picture to upright sRGB, uint8 [H, W, 3].

    EXIF rotation is applied; an embedded ICC profile is converted to sRGB, or ignored with a warning where
    it is damaged; CMYK, 16-bit, palette and transparent pictures (over white) are converted; of an
    animation the first frame is taken. With `shrink_to`, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size
    as long as its shorter side stays at least that long, which is several times faster. Raises PictureError.
    """
    image = _open(data, limits)
    if shrink_to is not None:
        _shrink(image, shrink_to / min(image.size))
    _load(image)
    return np.array(_upright(image, data))


@dataclass(frozen=True)
class Shrunk:
    """A picture that was decoded no larger than it is needed."""

    pixels: np.ndarray
    """Upright RGB, uint8 [H, W, 3]."""
    full_size: tuple[int, int]
    """(width, height) of the whole upright picture: what boxes from outside are measured in."""

    def inside(self, box: Box) -> Box:
        """Convert a box of the whole picture to pixels of `pixels`."""
        x, y = self._scale
        return Box(box.x0 * x, box.y0 * y, box.x1 * x, box.y1 * y)

    def outside(self, box: Box) -> Box:
        """Convert a box in pixels of `pixels` to pixels of the whole picture."""
        x, y = self._scale
        return Box(box.x0 / x, box.y0 / y, box.x1 / x, box.y1 / y)

    @property
    def _scale(self) -> tuple[float, float]:
        height, width = self.pixels.shape[:2]
        return width / self.full_size[0], height / self.full_size[1]


def decode_shrunk(
    data: bytes, shrink_to: int, part: Box | None = None, limits: PictureLimits = DEFAULT_LIMITS
) -> Shrunk:
    """Decode like `decode` with `shrink_to`, for a caller who has boxes.

    `part`, in pixels of the whole upright picture, is what is looked at: its longer side, instead of the
    picture's shorter one, stays at least `shrink_to` long. Raises PictureError.
    """
    image = _open(data, limits)
    width, height = _upright_size(image)
    _shrink(image, shrink_to / (min(width, height) if part is None else _longer_side(part, width, height)))
    _load(image)
    return Shrunk(np.array(_upright(image, data)), (width, height))


def size(data: bytes, limits: PictureLimits = DEFAULT_LIMITS) -> tuple[int, int]:
    """Return the (width, height) of the upright picture, as its header claims them. Raises PictureError."""
    return _upright_size(_open(data, limits))


def normalise(data: bytes, limits: PictureLimits = DEFAULT_LIMITS) -> tuple[bytes, tuple[int, int]]:
    """Return bytes fit for the store, and their upright (width, height).

    An upright 8-bit sRGB or grey JPEG or PNG is kept byte for byte; all else is encoded anew as JPEG.
    Either way the picture was decoded whole. Masks never pass here. Raises PictureError.
    """
    image = _open(data, limits)
    _load(image)
    if _is_plain(image):
        return data, image.size
    upright = _upright(image, data)
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


def require_ending(path: Path) -> str:
    """Read the format off a picture's name: 'JPEG', 'PNG' or 'WEBP'. Raises PictureError for any other."""
    try:
        return ENDINGS[path.suffix.lower()]
    except KeyError:
        raise PictureError(f"{path}: expected a name that ends with {', '.join(ENDINGS)}") from None


def save(image: Image.Image, path: Path) -> None:
    """Write a picture whole or not at all, in the format of its name. Raises PictureError, OSError."""
    buffer = io.BytesIO()
    image.save(buffer, require_ending(path))
    write_whole(path, buffer.getvalue())


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


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """Tell the size before or after loading; Pillow turns a TIFF by itself while loading it."""
    if image.format == "TIFF":
        _load(image)
        return image.size
    width, height = image.size
    return (height, width) if _orientation(image) in _ON_ITS_SIDE else (width, height)


def _upright(image: Image.Image, data: bytes) -> Image.Image:
    """Turn a loaded picture and convert it to sRGB; `data` is what it was read from."""
    turn = None if image.format == "TIFF" else _UPRIGHT.get(_orientation(image))
    try:
        converted = _rgb(image, data)
    except ValueError as error:
        raise PictureError(
            f"the {image.format} picture is of mode {image.mode}, which cannot be converted to RGB: {error}"
        ) from error
    return converted if turn is None else converted.transpose(turn)


def _is_plain(image: Image.Image) -> bool:
    return (
        image.format in ("JPEG", "PNG")
        and image.mode in ("RGB", "L")
        and "transparency" not in image.info
        and getattr(image, "n_frames", 1) == 1
        and _orientation(image) not in _UPRIGHT
        and _srgb_transform(image.info.get("icc_profile"), image.mode) is None
    )


def _rgb(image: Image.Image, data: bytes) -> Image.Image:
    if image.mode in ("I", "F"):
        raise PictureError(f"the picture has 32-bit samples (mode {image.mode}); expected 8 or 16 bits")
    colours, opacity = _colours_and_opacity(image, data)
    converted = _in_srgb(colours, image.info.get("icc_profile"))
    if opacity is None:
        return converted
    white = Image.new("RGB", converted.size, "white")
    white.paste(converted, mask=opacity)
    return white


def _colours_and_opacity(image: Image.Image, data: bytes) -> tuple[Image.Image, Image.Image | None]:
    """Split a loaded picture into 8-bit L, RGB or CMYK, and how opaque each pixel is, L; None: wholly."""
    key = image.info.get("transparency")
    if image.mode.startswith("I;16"):
        samples = np.asarray(image).astype(np.uint16)
        grey = Image.fromarray((samples >> 8).astype(np.uint8))
        return grey, None if key is None else _opaque_but_for(samples == key)
    if image.mode == "LA":
        return image.getchannel("L"), image.getchannel("A")
    if image.format == "PNG" and image.mode in ("L", "RGB") and key is not None:
        return image, _opaque_but_for(_has_key_colour(image, data, key))
    if image.has_transparency_data:
        red, green, blue, opacity = image.convert("RGBA").split()
        return Image.merge("RGB", (red, green, blue)), opacity
    return (image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")), None


def _has_key_colour(image: Image.Image, data: bytes, key: int | tuple[int, ...]) -> np.ndarray:
    """Compare each pixel of a PNG with its transparent colour, bool [H, W], in the file's own bit depth.

    Pillow stretches grey of 2 and 4 bits to 8, and keeps the upper 8 of 16 bits, but not so the key.
    """
    bits, pixels = data[24], np.asarray(image)  # the header of a PNG has its depth there
    if bits < 8:
        return pixels == np.asarray(key) * 255 // (2**bits - 1)
    if bits == 8:
        same = pixels == np.asarray(key) % 256
        return same if same.ndim == 2 else same.all(axis=2)
    again = Image.open(io.BytesIO(data), formats=("PNG",))
    again.tile = [tile._replace(args="RGB;16L") for tile in again.tile]  # read as if the bytes were swapped
    _load(again)
    wide = pixels.astype(np.uint16) << 8 | np.asarray(again)
    return (wide == np.asarray(key)).all(axis=2)


def _opaque_but_for(is_clear: np.ndarray) -> Image.Image:
    return Image.fromarray(np.where(is_clear, 0, 255).astype(np.uint8))


def _in_srgb(colours: Image.Image, profile: bytes | None) -> Image.Image:
    transform = _srgb_transform(profile, colours.mode)
    if transform is None:
        return colours.convert("RGB")
    return transform.apply(colours if colours.mode == transform.inputMode else colours.convert("RGB"))


@lru_cache(maxsize=64)
def _srgb_transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build what converts pixels of a mode under an ICC profile to sRGB.

    None where there is nothing to convert: no profile, one that is sRGB, or one that cannot be used, which
    is logged.
    """
    if not profile:
        return None
    try:
        transform = _transform(profile, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError) as error:
        log.warning(
            "a picture's colour profile of %s bytes is ignored, the picture taken as sRGB: %s",
            f"{len(profile):,}",
            error,
        )
        return None
    return None if _changes_nothing(transform) else transform


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    if len(profile) > _MAX_PROFILE_BYTES:
        raise ValueError(f"it is too large; at most {_MAX_PROFILE_BYTES:,} bytes are read")
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = opened.profile.xcolor_space.strip()
    expected = _MODE_OF_PROFILE.get(space)
    if expected != mode and (expected, mode) != ("RGB", "L"):
        raise ValueError(f"it describes {space} pixels, the picture has {mode}")
    return ImageCms.ImageCmsTransform(
        opened,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        expected,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether colours from all over the cube come out as they went in: the profile is sRGB by any name."""
    if transform.inputMode == "CMYK":
        return False
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    before = Image.fromarray(cube).convert(transform.inputMode)
    after = np.asarray(transform.apply(before), np.int16)
    return bool(np.abs(after - np.asarray(before.convert("RGB"), np.int16)).max() <= _MAX_SRGB_DIFFERENCE)


def _expected() -> str:
    return ", ".join(FORMATS[:-1]) + f" or {FORMATS[-1]}"
