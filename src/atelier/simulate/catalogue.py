"""The shop's own photo of an item: one product on a plain background, 240 x 320."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from atelier.simulate.canvas import SIZE, Canvas
from atelier.simulate.garments.wardrobe import DRAWERS
from atelier.simulate.shopper_photo import Pixels
from atelier.simulate.world import SimulatedItem, Stream, generator

_FOLDED = frozenset({"Apparel"})
"""Departments of soft things, which crease."""


def draw_item(seed: int, item: SimulatedItem) -> Image.Image:
    """The item alone, RGBA with a true alpha, 240 x 320, as its catalogue photo shows it."""
    rng = generator(seed, Stream.DRAWING, item.drawn_as)
    soft = item.article.department in _FOLDED or item.item.category == "Scarves"
    canvas = Canvas(rng, folds=rng.uniform(0.05, 0.12) if soft else rng.uniform(0.0, 0.04))
    DRAWERS[item.item.category](canvas, item.look, rng)
    picture = canvas.picture()
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    zoom, tilt = rng.uniform(0.86, 1.02), np.deg2rad(rng.normal(0, 1.5))
    across, down = rng.uniform(-4, 4), rng.uniform(-4, 4)
    cos, sin = np.cos(tilt) / zoom, np.sin(tilt) / zoom
    middle = (SIZE[0] / 2, SIZE[1] / 2)
    start_x = middle[0] - cos * (middle[0] + across) + sin * (middle[1] + down)
    start_y = middle[1] - sin * (middle[0] + across) - cos * (middle[1] + down)
    view = [round(float(value), 9) for value in (cos, -sin, start_x, sin, cos, start_y)]
    return picture.transform(SIZE, Image.Transform.AFFINE, view, Image.Resampling.BICUBIC)


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
