"""Soft things of a bedroom: rugs, throws, cushions."""

from __future__ import annotations

import numpy as np

from atelier.simulate.canvas import Canvas, ellipse, outline, rounded
from atelier.simulate.furniture.materials import edge_of
from atelier.simulate.look import Look
from atelier.simulate.palette import seam, shade
from atelier.simulate.patterns import weave


def rug(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a rug from above."""
    fabric, edge = weave(look.pattern, look.colours, rng), look.cut["edge"]
    band = look.second if look.pattern == "plain" else shade(look.main, 0.7)
    if look.cut["shape"] == "round":
        radius = rng.uniform(46, 52)
        if edge == "fringed":
            turns = np.linspace(0, 2 * np.pi, 72)
            for turn in turns:
                x, y = np.cos(turn), np.sin(turn)
                canvas.line(
                    outline(
                        (60 + radius * x, 80 + radius * y), (60 + (radius + 4) * x, 80 + (radius + 4) * y)
                    ),
                    shade(look.main, 1.2),
                    0.8,
                )
        canvas.fill(ellipse(60, 80, radius, radius), fabric, depth=0.15, folds=0.5)
        for inset in (3.0, 6.0):
            ring = ellipse(60, 80, radius - inset, radius - inset)
            canvas.line(np.concatenate([ring, ring[:1]]), band, 1.5)
        return
    half, tall = rng.uniform(34, 40), rng.uniform(54, 60)
    if edge == "fringed":
        for x in np.linspace(60 - half + 1, 60 + half - 1, 30):
            for y, way in ((80 - tall, -1), (80 + tall, 1)):
                canvas.line(
                    outline((x, y), (x + rng.uniform(-0.8, 0.8), y + way * 6)), shade(look.main, 1.25), 0.8
                )
    canvas.fill(rounded(60 - half, 80 - tall, 60 + half, 80 + tall, 0.8), fabric, depth=0.15, folds=0.5)
    for inset in (3.0, 6.5) if edge == "bordered" else (3.0,):
        frame = rounded(60 - half + inset, 80 - tall + inset, 60 + half - inset, 80 + tall - inset, 0.5)
        canvas.line(np.concatenate([frame, frame[:1]]), band, 1.6)


def throw(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a throw folded in three, its end hanging towards the viewer."""
    fabric = weave(look.pattern, look.colours, rng)
    half, y0 = rng.uniform(36, 42), rng.uniform(44, 52)
    layers = 3
    end = y0 + rng.uniform(62, 72)
    if look.cut["ends"] == "fringed":
        for x in np.linspace(60 - half + 1, 60 + half - 5, 26):
            canvas.line(
                outline((x, end - 2), (x + rng.uniform(-1.2, 1.2), end + 4, x, end + 9)),
                shade(look.main, 0.9),
                1.1,
            )
    for layer in range(layers):
        shift = 2.2 * (layers - 1 - layer)
        sheet = outline(
            (60 - half + shift, y0 + 4), (60 - half + shift, y0 - 2, 60 - half + 6 + shift, y0 - 2),
            (60 + half - 6 + shift, y0 - 2), (60 + half + shift, y0 - 2, 60 + half + shift, y0 + 6),
            (60 + half - 2 + shift, end - shift * 3),
            (60, end + 2 - shift * 3, 60 - half + shift, end - shift * 3),
        )  # fmt: skip
        canvas.fill(sheet, shade(look.main, 0.75) if layer < layers - 1 else fabric, depth=0.4, folds=1.4)
    for y in (y0 + 20, y0 + 41):
        canvas.line(outline((60 - half + 1, y), (60, y + 3, 60 + half - 1, y)), shade(look.main, 0.85), 0.9)
    if look.cut["ends"] == "hemmed":
        canvas.line(
            outline((60 - half + 1, end - 5), (60, end - 3, 60 + half - 3, end - 5)), seam(look.main), 0.9
        )


def cushion(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric, trim = weave(look.pattern, look.colours, rng), look.cut["trim"]
    half = rng.uniform(38, 44)
    tall = half if rng.random() < 0.65 else half * 0.68
    bulge = 0.86
    x0, x1, y0, y1 = 60 - half, 60 + half, 80 - tall, 80 + tall
    shape = outline(
        (x0, y0), (60, 80 - tall * bulge, x1, y0), (60 + half * bulge, 80, x1, y1),
        (60, 80 + tall * bulge, x0, y1), (60 - half * bulge, 80, x0, y0),
    )  # fmt: skip
    if trim == "tasselled":
        for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
            away = (np.sign(x - 60) * 5, np.sign(y - 80) * 5)
            canvas.line(outline((x, y), (x + away[0], y + away[1])), look.accent, 2.8, depth=0.3)
    canvas.fill(shape, fabric, depth=0.75, folds=1.2)
    if trim == "piped":
        canvas.line(np.concatenate([shape, shape[:1]]), edge_of(look.main), 1.5, depth=0.2)
