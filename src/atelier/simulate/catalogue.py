"""The shop's own photo of an item: one product on a plain background, 240 x 320."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from atelier.matting import Pixels
from atelier.simulate.canvas import SIZE, Canvas
from atelier.simulate.furniture import showroom
from atelier.simulate.garments import wardrobe
from atelier.simulate.world import SimulatedItem, Stream, generator

DRAWERS = wardrobe.DRAWERS | showroom.DRAWERS
_FOLDED = frozenset({"Apparel", "Textiles"})
"""Departments of soft things, which crease."""


def draw_item(seed: int, item: SimulatedItem) -> Image.Image:
    """Draw the item alone, RGBA with a true alpha, 240 x 320, as in its catalogue photo."""
    rng = generator(seed, Stream.DRAWING, item.drawn_as, item.trade)
    soft = item.article.department in _FOLDED or item.item.category == "Scarves"
    canvas = Canvas(rng, folds=rng.uniform(0.05, 0.12) if soft else rng.uniform(0.0, 0.04))
    DRAWERS[item.item.category](canvas, item.look, rng)
    picture = canvas.picture()
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture.transform(SIZE, Image.Transform.AFFINE, _framing(picture, rng), Image.Resampling.BICUBIC)


def _framing(picture: Image.Image, rng: np.random.Generator) -> list[float]:
    """Pillow's coefficients of a frame that holds the item near its middle, large, and hardly tilted."""
    x0, y0, x1, y1 = picture.getchannel("A").getbbox() or (0, 0, *SIZE)
    zoom = min(1.3, 0.92 * SIZE[0] / (x1 - x0), 0.92 * SIZE[1] / (y1 - y0)) * rng.uniform(0.84, 1.0)
    stretch, tilt = rng.uniform(0.93, 1.05), np.deg2rad(rng.normal(0, 1.5))
    cos_x, sin_x = np.cos(tilt) / zoom / stretch, np.sin(tilt) / zoom / stretch
    cos_y, sin_y = np.cos(tilt) / zoom * stretch, np.sin(tilt) / zoom * stretch
    middle_x, middle_y = SIZE[0] / 2 + rng.uniform(-5, 5), SIZE[1] / 2 + rng.uniform(-5, 5)
    start_x = (x0 + x1) / 2 - cos_x * middle_x + sin_x * middle_y
    start_y = (y0 + y1) / 2 - sin_y * middle_x - cos_y * middle_y
    return [round(float(value), 9) for value in (cos_x, -sin_x, start_x, sin_y, cos_y, start_y)]


def catalogue_photo(picture: Image.Image, rng: np.random.Generator) -> Pixels:
    """Put a drawn item on the studio's background: white, off-white or a light grey, with a faint shadow."""
    light = int(rng.choice([255, 255, 255, 250, 244, 232]))
    tint = tuple(int(np.clip(light + rng.integers(-3, 4), 0, 255)) if light < 255 else 255 for _ in range(3))
    photo = Image.new("RGB", SIZE, tint)
    alpha = picture.getchannel("A")
    small = (SIZE[0] // 4, SIZE[1] // 4)
    shadow = alpha.resize(small, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(2)).resize(SIZE)
    strength = rng.uniform(0.05, 0.16)
    photo.paste((60, 60, 70), (int(rng.integers(-3, 4)), int(rng.integers(3, 8))), shadow.point(
        [round(level * strength) for level in range(256)]
    ))  # fmt: skip
    photo.paste(picture.convert("RGB"), (0, 0), alpha)
    return np.asarray(photo)
