"""Renders a shopper's photo from a catalogue photo: pure functions of pixels and a generator.

The simulated world draws its shoppers' photos with it, training imitates shoppers with it, and evaluation
makes queries from real catalogue photos with it. Pixels are uint8, [H, W, 3] (RGB) or [H, W, 4] (RGBA).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from atelier.matting import Pixels, matte
from atelier.vocabulary import Box

Range = tuple[float, float]


@dataclass(frozen=True)
class PhotoDegradation:
    """Degradations of a photo: each field is a range (low, high) that is drawn from uniformly."""

    height_share: Range = (0.25, 0.65)
    """Height of the upright item, as a share of the street photo's height."""
    tilt_degrees: float = 20.0
    """Tilt to either side in a street photo; a re-shot photo takes 0.4 of it."""
    perspective: float = 0.08
    """How far each corner may wander, as a share of the item's side."""
    exposure: Range = (0.55, 1.15)
    """Factor on the light."""
    contrast: Range = (0.7, 1.1)
    cast: float = 0.1
    """Largest change of one colour channel against the others, as a factor: 0.1 is 10 %."""
    shade: float = 0.35
    """How much darker one side of the picture may be than the other."""
    blur: Range = (0.2, 1.2)
    """Lack of detail: 0.5 is as sharp as a picture of 1 / 1.5 of its width and height."""
    noise: Range = (1.0, 9.0)
    """Standard deviation, of 255."""
    quality: tuple[int, int] = (35, 85)
    """JPEG quality of a street photo; a re-shot photo takes (55, 90) at least."""
    crop: float = 0.1
    """Crop and zoom jitter of a re-shot photo, as a share of its sides."""


MILD = PhotoDegradation(
    height_share=(0.4, 0.65),
    tilt_degrees=10,
    perspective=0.04,
    exposure=(0.75, 1.1),
    contrast=(0.85, 1.1),
    cast=0.06,
    shade=0.2,
    blur=(0.0, 0.5),
    noise=(0.0, 5.0),
    quality=(60, 90),
    crop=0.06,
)
TYPICAL_DEGRADATION = PhotoDegradation()
HEAVY = PhotoDegradation(
    height_share=(0.2, 0.5),
    tilt_degrees=30,
    perspective=0.14,
    exposure=(0.3, 1.25),
    contrast=(0.55, 1.2),
    cast=0.2,
    shade=0.65,
    blur=(0.6, 2.2),
    noise=(5.0, 20.0),
    quality=(20, 60),
    crop=0.15,
)


def cut_out(pixels: Pixels) -> Pixels:
    """Cut the product from its plain background, RGBA, cropped tightly to what is opaque.

    Alpha falls softly over about two pixels, and edge colours are freed of the background shining through. A
    picture without a plain background is kept whole: alpha is 255 everywhere.
    """
    rgba = matte(pixels)
    opaque = rgba[..., 3] >= min(128, rgba[..., 3].max())
    rows, columns = (np.flatnonzero(opaque.any(axis=axis)) for axis in (1, 0))
    return np.ascontiguousarray(rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def render_street(
    cutout: Pixels,
    background: Pixels,
    rng: np.random.Generator,
    degradation: PhotoDegradation = TYPICAL_DEGRADATION,
    short_side: int | None = None,
) -> tuple[Pixels, Box]:
    """Render a shopper's photo of a cut-out product over a cluttered background; returns the true tight box.

    `cutout` comes from `cut_out`; `background` is any picture, of which a part is taken. The result is
    upright (3:4, or near it), `short_side` pixels wide, by default 300 to 400.
    """
    jpeg, box = street_jpeg(cutout, background, rng, degradation, short_side)
    return _decoded(jpeg), box


def street_jpeg(
    cutout: Pixels,
    background: Pixels,
    rng: np.random.Generator,
    degradation: PhotoDegradation = TYPICAL_DEGRADATION,
    short_side: int | None = None,
) -> tuple[bytes, Box]:
    """Render `render_street`'s photo as the JPEG file that the shopper sends."""
    width = short_side or int(rng.integers(300, 401))
    size = (width, round(width * rng.uniform(1.2, 1.45)))
    sharp_size = _sharp_size(size, rng, degradation, strength=1.0)
    canvas = _part_of(background, sharp_size, rng)
    item = _placed(cutout, sharp_size, rng, degradation)
    mask = item.getchannel("A")
    left, top = _corner(mask.size, sharp_size, rng)
    canvas.paste(item.convert("RGB"), (left, top), mask)
    box = _tight_box(mask, (left, top), sharp_size, size)
    return worn_jpeg(canvas, size, rng, degradation, quality=degradation.quality, strength=1.0), box


def render_reshot(
    pixels: Pixels, rng: np.random.Generator, degradation: PhotoDegradation = TYPICAL_DEGRADATION
) -> Pixels:
    """Render a tidy second photo of the same product: another plainish background, light, tilt and crop.

    As large as `pixels`.
    """
    return _decoded(reshot_jpeg(pixels, rng, degradation))


def reshot_jpeg(
    pixels: Pixels, rng: np.random.Generator, degradation: PhotoDegradation = TYPICAL_DEGRADATION
) -> bytes:
    """Render `render_reshot`'s photo as a JPEG file."""
    size = (pixels.shape[1], pixels.shape[0])
    sharp_size = _sharp_size(size, rng, degradation, strength=0.5)
    canvas = _plain(sharp_size, rng)
    view = _jittered_view(size, sharp_size, rng, degradation)
    item = Image.fromarray(matte(pixels)).transform(
        sharp_size, Image.Transform.AFFINE, view, Image.Resampling.BICUBIC
    )
    canvas.paste(item.convert("RGB"), (0, 0), item.getchannel("A"))
    quality = (max(55, degradation.quality[0]), max(90, degradation.quality[1]))
    return worn_jpeg(canvas, size, rng, degradation, quality=quality, strength=0.5)


def _sharp_size(
    size: tuple[int, int], rng: np.random.Generator, degradation: PhotoDegradation, strength: float
) -> tuple[int, int]:
    """Blur is lack of detail: a photo is composed this small and enlarged to `size` at the end."""
    detail = 1 / (1 + rng.uniform(*degradation.blur) * strength)
    return max(16, round(size[0] * detail)), max(16, round(size[1] * detail))


def _part_of(background: Pixels, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """A part of the background in the wanted proportion, at most as large as fits, perhaps mirrored."""
    width, height = size
    have_height, have_width = background.shape[:2]
    scale = min(have_width / width, have_height / height) * rng.uniform(0.6, 1.0)
    part_width, part_height = width * scale, height * scale
    left, top = rng.uniform(0, have_width - part_width), rng.uniform(0, have_height - part_height)
    part = background[int(top) : int(top + part_height) + 1, int(left) : int(left + part_width) + 1]
    factor = max(1, round(scale))
    # Whole-number shrinking and picking pixels: a fifth of the time of proper resampling, and clutter anyway.
    small = Image.fromarray(part).reduce(factor).resize(size, Image.Resampling.NEAREST)
    return small.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else small


def _placed(
    cutout: Pixels, size: tuple[int, int], rng: np.random.Generator, degradation: PhotoDegradation
) -> Image.Image:
    """The cut-out at its size in the photo, tilted and seen at an angle, on a canvas that holds it."""
    item_height = rng.uniform(*degradation.height_share) * size[1]
    half = np.array([item_height * cutout.shape[1] / cutout.shape[0], item_height]) / 2
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    corners = corners + rng.uniform(-1, 1, size=(4, 2)) * half * degradation.perspective
    angle = np.deg2rad(rng.uniform(-1, 1) * degradation.tilt_degrees)
    corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners -= corners.min(axis=0)
    corners *= min(1.0, (0.95 * np.array(size) / corners.max(axis=0)).min())
    canvas = tuple(np.ceil(corners.max(axis=0)).astype(int).tolist())
    source = Image.fromarray(cutout)
    side = np.linalg.norm(corners[3] - corners[0])
    if source.height > 1.4 * side:  # Pillow's transform looks at 2x2 pixels only: shrink properly first
        source = source.resize(
            (max(2, round(source.width * side / source.height)), max(2, round(side))), Image.Resampling.BOX
        )
    coefficients = _perspective(corners, source.size)
    return source.transform(canvas, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)


def _perspective(corners: NDArray[np.float64], source_size: tuple[int, int]) -> list[float]:
    """Pillow's eight coefficients, which take a point of the result to a point of the source."""
    width, height = source_size
    targets = [(0, 0), (width, 0), (width, height), (0, height)]
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, targets, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    # Rounded, so that processors whose last bits differ still draw the same pixels.
    return np.linalg.solve(np.array(rows), np.array(values, float)).round(9).tolist()


def _jittered_view(
    size: tuple[int, int],
    sharp_size: tuple[int, int],
    rng: np.random.Generator,
    degradation: PhotoDegradation,
) -> tuple[float, ...]:
    """Pillow's six coefficients of a light tilt, zoom and shift around the middle."""
    angle = np.deg2rad(rng.uniform(-0.4, 0.4) * degradation.tilt_degrees)
    zoom = 1 + rng.uniform(-degradation.crop, degradation.crop) + rng.uniform(-0.02, 0.02, size=(2, 1))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turn = turn / zoom * (np.array(size) / sharp_size)
    shift = rng.uniform(-degradation.crop, degradation.crop, size=2) / 2 * size
    offset = np.array(size) / 2 + shift - turn @ (np.array(sharp_size) / 2)
    view = np.column_stack([turn, offset]).round(9)
    return tuple(view.ravel().tolist())


def _corner(item_size: tuple[int, int], size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    """Where the item's canvas goes: wholly inside, rather near the middle, as people aim."""
    room = np.maximum(np.array(size) - item_size, 0)
    left, top = np.rint(room * rng.beta(2, 2, size=2)).astype(int).tolist()
    return left, top


def _tight_box(
    mask: Image.Image, corner: tuple[int, int], sharp_size: tuple[int, int], size: tuple[int, int]
) -> Box:
    x0, y0, x1, y1 = mask.point(_OPAQUE).getbbox() or (0, 0, *mask.size)
    (left, top), across, down = corner, size[0] / sharp_size[0], size[1] / sharp_size[1]
    box = ((left + x0) * across, (top + y0) * down, (left + x1) * across, (top + y1) * down)
    return Box(*(round(edge, 1) for edge in box))


_OPAQUE = [0] * 128 + [255] * 128


def _plain(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """A plain background of another tint: a light grey with a little colour, brighter to one side."""
    tint = rng.uniform(150, 245) + rng.normal(0, 9, size=3)
    corners = tint + rng.normal(0, 7, size=(2, 2, 1))
    small = Image.fromarray(np.clip(corners, 0, 255).astype(np.uint8))
    return small.resize(size, Image.Resampling.BILINEAR)


def worn_jpeg(
    picture: Image.Image,
    size: tuple[int, int],
    rng: np.random.Generator,
    degradation: PhotoDegradation,
    *,
    quality: tuple[int, int],
    strength: float,
) -> bytes:
    """Degrade the picture at `size` and encode it as JPEG: light, shade, colour and noise at `strength`."""
    picture = picture.point(_tone_curves(rng, degradation, strength))
    picture = ImageChops.multiply(picture, _shade(picture.size, rng, degradation, strength))
    noise_std = rng.uniform(*degradation.noise) * strength
    picture = ImageChops.add(picture, _noise(picture.size, rng, noise_std), 1, -128)
    picture = picture.resize(size, Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=int(rng.integers(quality[0], quality[1] + 1)))
    return buffer.getvalue()


def _decoded(jpeg: bytes) -> Pixels:
    return np.array(Image.open(io.BytesIO(jpeg)))


def _tone_curves(rng: np.random.Generator, degradation: PhotoDegradation, strength: float) -> list[int]:
    """A table of 256 values for each channel: contrast around the middle, exposure, colour cast."""
    exposure = 1 + (rng.uniform(*degradation.exposure) - 1) * strength
    contrast = 1 + (rng.uniform(*degradation.contrast) - 1) * strength
    casts = 1 + rng.uniform(-degradation.cast, degradation.cast, size=3) * strength
    level = np.arange(256)
    curves = [((level - 128) * contrast + 128) * exposure * cast for cast in casts]
    return np.clip(np.concatenate(curves), 0, 255).astype(int).tolist()


def _shade(
    size: tuple[int, int], rng: np.random.Generator, degradation: PhotoDegradation, strength: float
) -> Image.Image:
    """Light that falls off towards some corners."""
    corners = 255 * (1 - rng.uniform(0, degradation.shade, size=(2, 2)) * strength)
    light = Image.fromarray(corners.astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    return Image.merge("RGB", (light, light, light))


def _noise(size: tuple[int, int], rng: np.random.Generator, std: float) -> Image.Image:
    """Grey noise around 128: random bytes through normal quantiles, as fast as training needs."""
    levels = np.clip(np.rint(128 + std * _NORMAL_QUANTILES), 0, 255).astype(int).tolist()
    grain = Image.frombytes("L", size, rng.bytes(size[0] * size[1])).point(levels)
    return Image.merge("RGB", (grain, grain, grain))


_NORMAL_QUANTILES = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])
