"""Lamps, switched on: table lamps, floor lamps."""

from __future__ import annotations

import numpy as np

from atelier.simulate.canvas import Canvas, ellipse, mirrored, outline, rounded, symmetric
from atelier.simulate.furniture.materials import grain, leg_colour, metal_of, style_of
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, mixed, shade

_SHADES = ("Cream", "White", "Beige", "White")
_GLOW: RGB = (255, 238, 196)


def table_lamp(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    kind, style = look.cut["shade"], style_of(look)
    foot, middle = rng.uniform(128, 134), rng.uniform(74, 80)
    metal = metal_of(look)
    canvas.line(outline((60, middle - 8), (60, foot)), metal, 2.2, depth=0.3)
    if style in {"Classic", "Rustic"}:
        belly = rng.uniform(13, 18)
        vase = symmetric(
            (60, middle + 4), (66, middle + 6, 60 + belly * 0.5, middle + 12),
            (60 + belly * 1.5, middle + 30, 60 + belly * 0.45, foot - 5), (60, foot - 4),
        )  # fmt: skip
        canvas.fill(vase, look.main, depth=0.75, folds=0.2)
        if style == "Rustic":
            canvas.fill(vase, grain(look.main, rng, 0.2), depth=0.75, folds=0)
    elif style == "Scandinavian":
        body = symmetric((60, middle + 6), (64, middle + 6), (60 + 11, foot - 3), (60, foot - 3))
        canvas.fill(body, grain((206, 172, 128), rng, 0.1), depth=0.5, folds=0)
    canvas.fill(
        ellipse(60, foot, rng.uniform(16, 21), 4.2),
        look.main if style != "Industrial" else metal,
        depth=0.5,
        folds=0,
    )
    _shade(canvas, look, rng, kind, (60, middle), rng.uniform(27, 33))


def floor_lamp(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    kind, metal = look.cut["foot"], leg_colour(look)
    top = rng.uniform(42, 47)
    if kind == "tripod":
        for lean in (-17.0, 15.0, 2.0):
            stick = outline((60, top - 2), (60 + lean, 150))
            canvas.line(stick, metal if lean != 2.0 else shade(metal, 0.7), 2.6, depth=0.3)
        canvas.dots(np.array([[60.0, top + 4]]), shade(metal, 0.8), 3, depth=0.4)
        _shade(canvas, look, rng, "drum", (60, top), rng.uniform(20, 24))
        return
    if kind == "arc":
        canvas.fill(ellipse(40, 148, 15, 4), look.main, depth=0.5, folds=0)
        canvas.line(outline((40, 146), (38, 16, 62, 14), (84, 13, 84, 34)), metal, 2.2, depth=0.3)
        _shade(canvas, look, rng, "globe" if rng.random() < 0.5 else "dome", (84, 56), rng.uniform(15, 18))
        return
    canvas.line(outline((60, top - 4), (60, 147)), metal, 2.4, depth=0.3)
    canvas.fill(ellipse(60, 148, 16, 4), look.main, depth=0.5, folds=0)
    _shade(canvas, look, rng, "cone", (60, top), rng.uniform(19, 23))


def _shade(
    canvas: Canvas, look: Look, rng: np.random.Generator, kind: str, below: tuple[float, float], half: float
) -> None:
    """A shade that ends at `below`, with the light falling out of it."""
    x, y1 = below
    style = style_of(look)
    dark = style in {"Industrial", "Modern"} and kind in {"cone", "dome", "drum"} and rng.random() < 0.7
    cloth = look.main if dark else mixed(str(rng.choice(_SHADES)), rng)
    tall = half * 1.25
    if kind == "globe":
        canvas.fill(ellipse(x, y1 - half * 0.75, half * 0.85, half * 0.85), _GLOW, depth=0.45, folds=0)
        canvas.fill(
            ellipse(x - half * 0.2, y1 - half, half * 0.3, half * 0.3), (255, 250, 236), depth=0, folds=0
        )
        canvas.fill(rounded(x - 4, y1 - 4, x + 4, y1 + 2, 1), metal_of(look), depth=0.3, folds=0)
        return
    upper = {"cone": 0.5, "drum": 0.86, "dome": 0.2}[kind] * half
    if kind == "dome":
        right = outline((x, y1 - tall * 0.85), (x + half, y1 - tall * 0.85, x + half, y1))
        sides = np.concatenate([right, mirrored(right, x)[::-1]])
    else:
        sides = outline((x - upper, y1 - tall), (x + upper, y1 - tall), (x + half, y1), (x - half, y1))
    canvas.fill(sides, cloth, depth=0.45, folds=0.3)
    if not dark:
        for reach, light in ((0.85, 1.2), (0.68, 1.35), (0.5, 1.5), (0.32, 1.65)):
            glow = ellipse(x, y1, half * reach, tall * reach)
            canvas.fill(glow, shade(cloth, light), depth=0.0, folds=0, inside=sides)
    canvas.fill(ellipse(x, y1, half, half * 0.13), _GLOW, depth=0.0, folds=0)
    canvas.line(outline((x - half, y1), (x, y1 + half * 0.22, x + half, y1)), shade(cloth, 0.8), 1.0)
    if style == "Classic" and kind != "dome":
        canvas.line(outline((x - upper, y1 - tall), (x + upper, y1 - tall)), look.accent, 1.4)
