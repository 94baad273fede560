"""Draws a layout: background, soft shadows, cut-outs, texts. Threads may share everything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from atelier.collage.boxes import Layout, Piece, Pixels, Placed
from atelier.collage.templates import Colour, Panel, Template
from atelier.collage.text import TextBlock, draw_text

Corners = tuple[int, int, int, int]
"""Left, upper, right and lower side in pixels."""

_SHADOW_COLOUR = (38, 30, 26)
_ENOUGH = 1.05
"""A level that is so little too small still counts as large enough."""
_COARSE = 4
"""Pixels of the picture for one of the shadow: it is soft."""


def compose(
    layout: Layout, template: Template, texts: Sequence[TextBlock], size: tuple[int, int]
) -> Image.Image:
    """Draw a layout at a size in pixels, RGB; the template gives background and shadow."""
    picture = _background(template, size).copy()
    scale = size[0] / layout.width
    for _, together in groupby(sorted(layout.placed, key=_layer), key=_layer):
        boxes = [(each.piece, _pixels(each, scale, size)) for each in together]
        # Shadows first, so that none falls on a neighbour; what lies above throws one on what lies below.
        for piece, box in boxes if template.shadow else ():
            _cast(picture, _background(template, size, template.shadow), piece.outline, box)
        for piece, box in boxes:
            cut = _resized(piece, box)
            picture.paste(cut, box[:2], cut)
    for block in texts:
        draw_text(picture, block, scale)
    return picture


def _layer(each: Placed) -> int:
    return each.layer


def _pixels(each: Placed, scale: float, size: tuple[int, int]) -> Corners:
    """A box on whole pixels, never larger than its own: neighbours that touch do not overlap."""
    x0, y0 = int(np.ceil(each.box.x0 * scale - 1e-6)), int(np.ceil(each.box.y0 * scale - 1e-6))
    x1, y1 = int(each.box.x1 * scale + 1e-6), int(each.box.y1 * scale + 1e-6)
    x1, y1 = min(max(x1, x0 + 1), size[0]), min(max(y1, y0 + 1), size[1])
    return min(x0, x1 - 1), min(y0, y1 - 1), x1, y1


def _resized(piece: Piece, box: Corners) -> Image.Image:
    """From the smallest level that is large enough; colours multiplied by alpha leave no fringe."""
    size = (box[2] - box[0], box[3] - box[1])
    levels = piece.levels
    level = next((level for level in reversed(levels) if _ENOUGH * level.width >= size[0]), levels[0])
    # Of the filters that look at as few pixels, Hamming's is the sharpest; it is of no use to enlarge.
    how = Image.Resampling.HAMMING if size[0] < level.width else Image.Resampling.BICUBIC
    return level.resize(size, how).convert("RGBA")


def _cast(picture: Image.Image, shaded: Image.Image, outline: Image.Image, box: Corners) -> None:
    """Let the shaded background show softly around and below a piece."""
    far = max(1, round(min(picture.size) / 90 / _COARSE))
    size = (max(1, (box[2] - box[0]) // _COARSE), max(1, (box[3] - box[1]) // _COARSE))
    shade = Image.new("L", (size[0] + 4 * far, size[1] + 4 * far))
    shade.paste(outline.resize(size, Image.Resampling.BILINEAR), (2 * far, 2 * far))
    shade = shade.filter(ImageFilter.BoxBlur(1.4 * far))
    shade = shade.resize((shade.width * _COARSE, shade.height * _COARSE), Image.Resampling.BILINEAR)
    x, y = box[0] - 2 * far * _COARSE, box[1] - 2 * far * _COARSE + round(0.6 * far * _COARSE)
    where = (x, y, x + shade.width, y + shade.height)
    picture.paste(shaded.crop(where), where, shade)


@lru_cache(maxsize=64)
def _background(template: Template, size: tuple[int, int], shade: float = 0.0) -> Image.Image:
    """Panels from the back to the front, a picture over the first of them; `shade`: all in shadow."""
    if shade:
        dark = Image.new("RGB", size, _SHADOW_COLOUR)
        return Image.blend(_background(template, size), dark, shade)
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
