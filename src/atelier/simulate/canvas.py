"""A small drawing board: outlines filled with shaded fabric over one another, with a true alpha.

Coordinates are 0 to 120 across and 0 to 160 down. An outline is a list of steps: `(x, y)` goes straight
there, `(cx, cy, x, y)` bends there as a quadratic curve around the control point.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from atelier.simulate.palette import RGB

WIDTH, HEIGHT = 120, 160
SCALE = 2
"""Pixels of the picture for one unit."""
SIZE = (WIDTH * SCALE, HEIGHT * SCALE)

Step = tuple[float, ...]
Points = NDArray[np.float64]
"""[N, 2]"""
Fabric: TypeAlias = Image.Image | RGB
"""A picture of the canvas's size, or one colour."""

_FINE = 4
"""Pixels of a mask for one unit, before it is shrunk to the picture: smooth edges."""
_COARSE = 2
"""Units for one pixel of the shading."""


class Canvas:
    """A drawing: colours and alpha, painted from the back to the front."""

    def __init__(self, rng: np.random.Generator, folds: float = 0.06) -> None:
        self._colour = Image.new("RGB", SIZE)
        self._alpha = Image.new("L", SIZE)
        self._folds = _fold_map(rng) * folds

    def fill(
        self,
        outline: Points,
        fabric: Fabric,
        *,
        depth: float = 0.3,
        turn: float = 0.0,
        folds: float = 1.0,
        inside: Points | None = None,
    ) -> None:
        """Paint an outline, clipped to `inside`.

        `depth`: how far it bulges; `turn`: of its fabric, in degrees; `folds`: strength of creases.
        """
        mask = self._mask(outline)
        if inside is not None:
            mask = ImageChops.multiply(mask, self._mask(inside))
        self._paint(mask, fabric, depth, turn, folds)

    def line(self, points: Points, colour: RGB, width: float = 0.7, *, depth: float = 0.0) -> None:
        """Paint an open line of `width` units with round joints; with `depth` it is shaded like a cord."""
        fine = Image.new("L", (WIDTH * _FINE, HEIGHT * _FINE))
        draw = ImageDraw.Draw(fine)
        pixels = [(round(x * _FINE), round(y * _FINE)) for x, y in points]
        thick = max(1, round(width * _FINE))
        draw.line(pixels, fill=255, width=thick, joint="curve")
        if thick > 4:
            radius = thick // 2
            for x, y in (pixels[0], pixels[-1]):
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        self._paint(fine.reduce(_FINE // SCALE), colour, depth, 0.0, 0.0)

    def dots(self, points: Points, colour: RGB, radius: float = 1.0, *, depth: float = 0.0) -> None:
        """Paint discs: buttons, rivets, beads."""
        fine = Image.new("L", (WIDTH * _FINE, HEIGHT * _FINE))
        draw = ImageDraw.Draw(fine)
        for x, y in points:
            draw.ellipse(
                [round(edge * _FINE) for edge in (x - radius, y - radius, x + radius, y + radius)], fill=255
            )
        self._paint(fine.reduce(_FINE // SCALE), colour, depth, 0.0, 0.0)

    def cut(self, outline: Points) -> None:
        """Make a hole."""
        self._alpha = ImageChops.subtract(self._alpha, self._mask(outline))

    def within(self, outline: Points, picture: Image.Image, corner: tuple[float, float]) -> None:
        """Paint a picture with alpha onto the drawing, clipped to the outline: a print."""
        placed = Image.new("L", SIZE)
        place = (round(corner[0] * SCALE), round(corner[1] * SCALE))
        placed.paste(picture.getchannel("A"), place)
        layer = Image.new("RGB", SIZE)
        layer.paste(picture.convert("RGB"), place)
        self._colour.paste(layer, (0, 0), ImageChops.multiply(placed, self._mask(outline)))

    def picture(self) -> Image.Image:
        """Return the drawing, RGBA."""
        result = self._colour.copy()
        result.putalpha(self._alpha)
        return result

    def _mask(self, outline: Points) -> Image.Image:
        fine = Image.new("L", (WIDTH * _FINE, HEIGHT * _FINE))
        ImageDraw.Draw(fine).polygon([(round(x * _FINE), round(y * _FINE)) for x, y in outline], fill=255)
        return fine.reduce(_FINE // SCALE)

    def _paint(self, mask: Image.Image, fabric: Fabric, depth: float, turn: float, folds: float) -> None:
        box = mask.getbbox()
        if box is None:
            return
        layer = fabric if isinstance(fabric, Image.Image) else Image.new("RGB", SIZE, fabric)
        if turn:
            layer = layer.rotate(turn, Image.Resampling.BILINEAR)
        layer, part = layer.crop(box), mask.crop(box)
        if depth or folds:
            light = self._light(mask, depth, folds).resize(SIZE, Image.Resampling.BILINEAR).crop(box)
            layer = _lit(layer, light)
        self._colour.paste(layer, box[:2], part)
        self._alpha.paste(ImageChops.screen(self._alpha.crop(box), part), box[:2])

    def _light(self, mask: Image.Image, depth: float, folds: float) -> Image.Image:
        """Light on a bulging shape, from above on the left: 128 leaves a colour as it is."""
        small = mask.reduce(SCALE * _COARSE).filter(ImageFilter.GaussianBlur(2.5))
        bulge = np.asarray(small, dtype=np.float32) / 255
        slope = np.zeros_like(bulge)
        slope[1:-1, 1:-1] = bulge[2:, 1:-1] - bulge[:-2, 1:-1] + bulge[1:-1, 2:] - bulge[1:-1, :-2]
        light = 1 + depth * (0.55 * slope - 0.9 * (1 - bulge)) + self._folds * folds
        return Image.fromarray(np.clip(light * 128, 0, 255).astype(np.uint8))


def outline(*steps: Step) -> Points:
    """Return the points of a path, not closed."""
    points = [np.array(steps[0][:2], float)[None]]
    for step in steps[1:]:
        end = np.array(step[-2:], float)
        if len(step) == 2:
            points.append(end[None])
            continue
        start, bend = points[-1][-1], np.array(step[:2], float)
        t = np.linspace(0, 1, 13)[1:, None]
        points.append((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end)
    return np.concatenate(points)


def mirrored(points: Points, axis: float = WIDTH / 2) -> Points:
    """Mirror points at the middle line."""
    return np.column_stack([2 * axis - points[:, 0], points[:, 1]])


def symmetric(*steps: Step) -> Points:
    """Build a closed outline from its right half, which runs from the top to the bottom of the middle
    line.
    """
    half = outline(*steps)
    return np.concatenate([half, mirrored(half)[::-1]])


def ellipse(x: float, y: float, across: float, down: float, tilt: float = 0.0) -> Points:
    """Outline an ellipse; `across` and `down` are radii."""
    angle = np.linspace(0, 2 * np.pi, 49)[:-1]
    return turned(np.column_stack([x + across * np.cos(angle), y + down * np.sin(angle)]), tilt, (x, y))


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float = 2.0) -> Points:
    """Outline a rectangle with round corners."""
    r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    return outline(
        (x0 + r, y0), (x1 - r, y0), (x1, y0, x1, y0 + r), (x1, y1 - r), (x1, y1, x1 - r, y1),
        (x0 + r, y1), (x0, y1, x0, y1 - r), (x0, y0 + r), (x0, y0, x0 + r, y0),
    )  # fmt: skip


def turned(points: Points, degrees: float, about: Sequence[float] = (WIDTH / 2, HEIGHT / 2)) -> Points:
    """Rotate points clockwise."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = points[:, 0] - about[0], points[:, 1] - about[1]
    return np.column_stack([about[0] + x * cos - y * sin, about[1] + x * sin + y * cos])


def moved(points: Points, across: float, down: float) -> Points:
    return points + np.array([across, down])


def _lit(layer: Image.Image, light: Image.Image) -> Image.Image:
    factor = np.asarray(light, dtype=np.uint16)[..., None]
    return Image.fromarray(
        np.minimum((np.asarray(layer, dtype=np.uint16) * factor) >> 7, 255).astype(np.uint8)
    )


def _fold_map(rng: np.random.Generator) -> NDArray[np.float32]:
    """Soft creases, longer than wide: -1 to 1 over the coarse picture."""
    coarse = rng.integers(0, 256, size=(7, 14), dtype=np.uint8)
    size = (WIDTH // _COARSE, HEIGHT // _COARSE)
    smooth = Image.fromarray(coarse).rotate(
        float(rng.uniform(-20, 20)), Image.Resampling.BICUBIC, fillcolor=128
    )
    return np.asarray(smooth.resize(size, Image.Resampling.BICUBIC), dtype=np.float32) / 127.5 - 1
