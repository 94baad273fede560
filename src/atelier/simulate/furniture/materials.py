"""Draws materials and legs of furniture, both by its style."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

from atelier.simulate.canvas import SIZE, Canvas, Fabric, outline
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, is_dark, shade

PAINTED = frozenset({"Modern", "Classic"})
"""Styles whose wood shows no grain."""
_STEEL: RGB = (58, 60, 64)


class Leg(NamedTuple):
    """One leg: its top, its foot, and how wide it is there."""

    x: float
    top: float
    foot: float
    lean: float
    """How far the foot is from beneath the top, to the right."""


def style_of(look: Look) -> str:
    return look.cut["make"]


def wood(look: Look, rng: np.random.Generator) -> Fabric:
    """Draw the body of a piece: painted plain, or with a grain, strongest where it is rustic."""
    style = style_of(look)
    if style in PAINTED:
        return look.main
    strength = {"Rustic": 0.22, "Industrial": 0.16}.get(style, 0.09)
    return grain(look.main, rng, strength)


def grain(colour: RGB, rng: np.random.Generator, strength: float) -> Image.Image:
    """Draw wood of this colour with a horizontal grain; `strength`: how much lighter and darker it gets."""
    rough = rng.integers(0, 256, size=(SIZE[1] // 3, 5), dtype=np.uint8)
    veins = np.asarray(Image.fromarray(rough).resize(SIZE, Image.Resampling.BICUBIC), np.float32)
    broad = rng.integers(0, 256, size=(9, 3), dtype=np.uint8)
    bands = np.asarray(Image.fromarray(broad).resize(SIZE, Image.Resampling.BICUBIC), np.float32)
    light = 1 + strength * (0.6 * veins + 0.4 * bands - 128) / 128
    pixels = np.array(colour, np.float32) * light[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def metal_of(look: Look) -> RGB:
    """Choose the metal of lamps, handles and frames: black steel in industrial and modern rooms, else the
    look's own.
    """
    return _STEEL if style_of(look) == "Industrial" else look.metal


def leg_colour(look: Look) -> RGB:
    style = style_of(look)
    if style == "Industrial":
        return _STEEL
    if style == "Modern":
        return look.metal
    if style == "Scandinavian":
        return (206, 172, 128)
    return shade(look.main, 0.8)


def draw_leg(canvas: Canvas, look: Look, leg: Leg) -> None:
    """Draw a leg by the style: thin metal, a tapered stick, a turned post or a square block."""
    style, colour = style_of(look), leg_colour(look)
    x, top, foot, lean = leg
    if style == "Modern":
        canvas.line(outline((x, top), (x + lean * 0.3, foot)), colour, 1.8, depth=0.3)
    elif style == "Scandinavian":
        stick = outline((x - 2.6, top), (x + 2.6, top), (x + lean + 1.3, foot), (x + lean - 1.3, foot))
        canvas.fill(stick, colour, depth=0.3, folds=0)
    elif style == "Classic":
        canvas.line(outline((x, top), (x, foot)), colour, 3.0, depth=0.3)
        beads = np.array([[x, top + (foot - top) * share] for share in (0.25, 0.55)])
        canvas.dots(beads, shade(colour, 1.1), 2.5, depth=0.4)
        canvas.dots(np.array([[x, foot - 1.4]]), colour, 2.1, depth=0.4)
    else:
        half = 2.9 if style == "Rustic" else 1.5
        post = outline((x - half, top), (x + half, top), (x + half, foot), (x - half, foot))
        canvas.fill(post, colour, depth=0.25, folds=0)


def edge_of(colour: RGB) -> RGB:
    """Choose the colour of a joint or a shadow line on this colour."""
    return shade(colour, 1.25) if is_dark(colour) else shade(colour, 0.72)
