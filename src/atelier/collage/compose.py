"""A layout and its pieces -> pixels: background, soft shadows, cut-outs, texts. Threads may share everything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from atelier.collage.boxes import Layout, Pixels, Placed
from atelier.collage.templates import Colour, Panel, Template
from atelier.collage.text import TextBlock, draw_text

_SHADOW_COLOUR = (38, 30, 26)
_COARSE = 4
"""Pixels of the picture for one of the shadow: it is soft."""


def compose(layout: Layout, template: Template, texts: Sequence[TextBlock], size: tuple[int, int]) -> Pixels:
    """Draw a layout at a size in pixels, RGB uint8 [H, W, 3]; the template gives background and shadow."""
    picture = _background(template, size).copy()
    scale = size[0] / layout.width
    order = sorted(layout.placed, key=lambda each: each.layer)
    boxes = [_pixels(each, scale, size) for each in order]
    pasted = [_resized(each, box) for each, box in zip(order, boxes, strict=True)]
    layers = [each.layer for each in order]
    # One shadow for each layer, so that what lies above throws one on what lies below.
    for layer in sorted(set(layers)):
        of_layer = [pair for pair, at in zip(zip(pasted, boxes, strict=True), layers, strict=True) if at == layer]
        if template.shadow:
            _cast(picture, of_layer, template.shadow)
        for cut, box in of_layer:
            picture.paste(cut, box[:2], cut)
    for block in texts:
        draw_text(picture, block, scale)
    return np.asarray(picture)


def _pixels(each: Placed, scale: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box on whole pixels, never larger than its own: neighbours that touch do not overlap."""
    x0, y0 = int(np.ceil(each.box.x0 * scale - 1e-6)), int(np.ceil(each.box.y0 * scale - 1e-6))
    x1, y1 = int(each.box.x1 * scale + 1e-6), int(each.box.y1 * scale + 1e-6)
    x1, y1 = min(max(x1, x0 + 1), size[0]), min(max(y1, y0 + 1), size[1])
    return min(x0, x1 - 1), min(y0, y1 - 1), x1, y1


def _resized(each: Placed, box: tuple[int, int, int, int]) -> Image.Image:
    """Pillow multiplies colours by alpha before it averages, so that no edge takes the background's colour."""
    size = (box[2] - box[0], box[3] - box[1])
    cut = Image.fromarray(each.piece.picture)
    enlarged = size[0] > cut.width
    how = Image.Resampling.BICUBIC if enlarged else Image.Resampling.LANCZOS
    return cut.resize(size, how, reducing_gap=None if enlarged else 2.0)


def _cast(
    picture: Image.Image,
    pasted: Sequence[tuple[Image.Image, tuple[int, int, int, int]]],
    strength: float,
) -> None:
    small = (-(-picture.width // _COARSE), -(-picture.height // _COARSE))
    shade = Image.new("L", small)
    for cut, box in pasted:
        alpha = cut.getchannel("A").reduce(_COARSE)
        shade.paste(255, (box[0] // _COARSE, box[1] // _COARSE), alpha)
    far = max(1.0, min(picture.size) / 90 / _COARSE)
    shade = shade.filter(ImageFilter.GaussianBlur(far))
    shade = shade.point([round(level * strength) for level in range(256)])
    shade = shade.resize((small[0] * _COARSE, small[1] * _COARSE), Image.Resampling.BILINEAR)
    picture.paste(_SHADOW_COLOUR, (0, max(1, round(far * _COARSE * 0.6))), shade.crop((0, 0, *picture.size)))


@lru_cache(maxsize=64)
def _background(template: Template, size: tuple[int, int]) -> Image.Image:
    """Panels from the back to the front, and a picture over the first of them."""
    scale = size[0] / template.width
    picture = Image.new("RGB", size)
    for number, panel in enumerate(template.panels):
        _draw_panel(picture, panel, scale)
        if number == 0 and template.picture is not None:
            picture.paste(_covering(template.picture, size))
    return picture


def _draw_panel(picture: Image.Image, panel: Panel, scale: float) -> None:
    x0, y0, x1, y1 = (round(side * scale) for side in panel.box.as_tuple())
    size = (max(1, x1 - x0), max(1, y1 - y0))
    fill = _fade(panel.colour, panel.to or panel.colour, size)
    if not panel.round:
        picture.paste(fill, (x0, y0))
        return
    mask = Image.new("L", (size[0] * 3, size[1] * 3))
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, size[0] * 3 - 1, size[1] * 3 - 1), panel.round * scale * 3, fill=255
    )
    picture.paste(fill, (x0, y0), mask.reduce(3))


def _fade(above: Colour, below: Colour, size: tuple[int, int]) -> Image.Image:
    """From one colour down to another, dithered so that no bands are seen."""
    down = np.linspace(0, 1, size[1])[:, None, None]
    colours = np.array(above) * (1 - down) + np.array(below) * down
    colours = np.broadcast_to(colours, (size[1], size[0], 3))
    if above != below:
        colours = colours + np.random.default_rng(0).uniform(-0.5, 0.5, (size[1], size[0], 1))
    return Image.fromarray(np.rint(np.clip(colours, 0, 255)).astype(np.uint8))


def _covering(pixels: Pixels, size: tuple[int, int]) -> Image.Image:
    """A picture cut around its middle to the canvas's proportions."""
    image = Image.fromarray(pixels)
    scale = max(size[0] / image.width, size[1] / image.height)
    across, down = size[0] / scale, size[1] / scale
    left, top = (image.width - across) / 2, (image.height - down) / 2
    return image.resize(size, Image.Resampling.LANCZOS, (left, top, left + across, top + down))
