"""Pieces of plain colour and known proportions: geometry needs no photos."""

from __future__ import annotations

import numpy as np
from PIL import Image

from atelier.collage.boxes import Piece

ASPECTS = {"top": 0.9, "bottom": 0.4, "dress": 0.5, "outer": 0.7, "shoes": 1.6, "bag": 0.9, "accessory": 0.6}


def piece(slot: str, aspect: float | None = None, category: str | None = None, colour: int = 90) -> Piece:
    """A full rectangle of one colour, 300 pixels long."""
    aspect = aspect or ASPECTS.get(slot, 1.0)
    size = (round(300 * min(aspect, 1)), round(300 / max(aspect, 1)))
    picture = np.full((max(size[1], 2), max(size[0], 2), 4), 255, np.uint8)
    picture[..., :3] = (colour, 40, 40)
    return Piece(f"{slot}-{colour}", slot, category, picture)


def ellipse_on(
    background: tuple[int, int, int], colour: tuple[int, int, int], hole: bool = False
) -> np.ndarray:
    """A photo: an ellipse, with a hole in its middle or without, soft at its edges, on a plain background."""
    from PIL import ImageDraw

    big = Image.new("RGB", (960, 1280), background)
    draw = ImageDraw.Draw(big)
    draw.ellipse((240, 320, 720, 960), fill=colour)
    if hole:
        draw.ellipse((400, 540, 560, 740), fill=background)
    return np.asarray(big.reduce(4))
