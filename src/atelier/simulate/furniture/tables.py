"""Draws bedside tables and stools."""

from __future__ import annotations

import numpy as np

from atelier.simulate.canvas import Canvas, ellipse, outline, rounded
from atelier.simulate.furniture.materials import Leg, draw_leg, edge_of, metal_of, style_of, wood
from atelier.simulate.look import Look
from atelier.simulate.palette import shade


def bedside_table(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    half, y0 = rng.uniform(29, 35), rng.uniform(48, 54)
    style, front = style_of(look), look.cut["front"]
    y1 = y0 + (rng.uniform(44, 50) if front != "one-drawer" else rng.uniform(26, 32))
    foot = rng.uniform(124, 130)
    body, line = wood(look, rng), edge_of(look.main)
    for x in (60 - half + 9, 60 + half - 9):
        draw_leg(canvas, look, Leg(x, y1 - 4, foot - 7, np.sign(x - 60) * 1.5))
    for x in (60 - half + 3, 60 + half - 3):
        draw_leg(canvas, look, Leg(x, y1 - 2, foot, np.sign(x - 60) * 4))
    canvas.fill(rounded(60 - half, y0, 60 + half, y1, 2), body, depth=0.3, folds=0)
    top = outline((60 - half + 4, y0 - 7), (60 + half - 4, y0 - 7), (60 + half + 3, y0), (60 - half - 3, y0))
    canvas.fill(top, shade(look.main, 1.12), depth=0.15, folds=0)
    canvas.fill(rounded(60 - half - 3, y0 - 0.5, 60 + half + 3, y0 + 3, 1), body, depth=0.2, folds=0)
    if front == "open":
        middle = (y0 + y1) / 2
        canvas.fill(
            rounded(60 - half + 4, middle, 60 + half - 4, y1 - 4, 1),
            shade(look.main, 0.45),
            depth=0.3,
            folds=0,
        )
        _books(canvas, look, rng, 60 - half + 8, y1 - 4)
        drawers = [(y0 + 6, middle - 3)]
    elif front == "two-drawer":
        drawers = [(y0 + 6, (y0 + y1) / 2 - 1), ((y0 + y1) / 2 + 1.5, y1 - 4)]
    else:
        drawers = [(y0 + 6, y1 - 4)]
    for upper, lower in drawers:
        box = rounded(60 - half + 4, upper, 60 + half - 4, lower, 1)
        canvas.fill(box, body, depth=0.22, folds=0)
        canvas.line(np.concatenate([box, box[:1]]), line, 0.7)
        knob = np.array([[60.0, (upper + lower) / 2]])
        if style in {"Modern", "Industrial"}:
            bar = outline((52, knob[0, 1]), (68, knob[0, 1]))
            canvas.line(bar, metal_of(look), 2.0, depth=0.3)
        else:
            canvas.dots(
                knob, metal_of(look) if style == "Classic" else shade(look.main, 0.55), 2.3, depth=0.4
            )


def stool(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    half, y = rng.uniform(26, 33), rng.uniform(58, 66)
    seat, foot = look.cut["seat"], rng.uniform(124, 132)
    body = wood(look, rng)
    spread = 5.0 if style_of(look) in {"Rustic", "Industrial"} else 8.0
    for x in (60 - half * 0.45, 60 + half * 0.45):
        draw_leg(canvas, look, Leg(x, y, foot - 10, np.sign(x - 60) * spread * 0.4))
    bar_y = y + (foot - y) * 0.6
    canvas.line(
        outline((60 - half * 0.8, bar_y), (60 + half * 0.8, bar_y)), shade(look.main, 0.7), 2.0, depth=0.3
    )
    for x in (60 - half * 0.78, 60 + half * 0.78):
        draw_leg(canvas, look, Leg(x, y, foot, np.sign(x - 60) * spread))
    if seat == "round":
        canvas.fill(ellipse(60, y + 4, half, 7.5), shade(look.main, 0.7), depth=0.3, folds=0)
        canvas.fill(ellipse(60, y, half, 7.5), body, depth=0.3, folds=0)
    elif seat == "square":
        canvas.fill(rounded(60 - half, y, 60 + half, y + 7, 1.5), shade(look.main, 0.8), depth=0.3, folds=0)
        top = outline((60 - half + 6, y - 8), (60 + half - 6, y - 8), (60 + half, y + 1), (60 - half, y + 1))
        canvas.fill(top, body, depth=0.2, folds=0)
    else:
        canvas.fill(rounded(60 - half, y + 1, 60 + half, y + 7, 2), body, depth=0.3, folds=0)
        canvas.fill(
            rounded(60 - half + 1, y - 10, 60 + half - 1, y + 3, 6), look.second, depth=0.7, folds=0.6
        )
        canvas.line(
            outline((60 - half + 5, y + 1), (60, y + 2.5, 60 + half - 5, y + 1)),
            shade(look.second, 0.75),
            0.8,
        )


def _books(canvas: Canvas, look: Look, rng: np.random.Generator, x: float, y: float) -> None:
    for colour in (look.second, look.accent, shade(look.second, 1.4)):
        thick, tall = rng.uniform(3, 5), rng.uniform(9, 14)
        canvas.fill(rounded(x, y - tall, x + thick, y, 0.5), colour, depth=0.3, folds=0)
        x += thick + 0.6
