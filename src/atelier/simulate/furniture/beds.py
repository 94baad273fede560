"""Draws beds and daybeds, from the foot end and a little from above."""

from __future__ import annotations

import numpy as np

from atelier.simulate.canvas import Canvas, Points, outline, rounded, symmetric
from atelier.simulate.furniture.materials import Leg, draw_leg, edge_of, style_of, wood
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, mixed, shade

_LINEN = ("White", "White", "Cream", "Grey", "Light Blue", "Beige")


def bed(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    half = rng.uniform(50, 54) if look.cut["width"] == "double" else rng.uniform(33, 37)
    back = half * rng.uniform(0.8, 0.84)
    body, style = wood(look, rng), style_of(look)
    head_y, top_y, front_y = rng.uniform(40, 50), 80.0, rng.uniform(110, 116)
    low = style in {"Modern", "Industrial"}
    foot = front_y + (18 if low else 24)
    for x in (60 - half + 4, 60 + half - 4):
        draw_leg(canvas, look, Leg(x, front_y + 8, foot, np.sign(x - 60) * 2))
    _headboard(canvas, look, rng, back + 3, head_y, top_y + 4)
    linen = mixed(str(rng.choice(_LINEN)), rng)
    mattress = outline(
        (60 - back, top_y - 4), (60 + back, top_y - 4),
        (60 + half - 2, front_y - 3), (60 - half + 2, front_y - 3),
    )  # fmt: skip
    canvas.fill(mattress, linen, depth=0.2, folds=0.5)
    _pillows(canvas, linen, back, top_y, 2 if look.cut["width"] == "double" else 1)
    _duvet(canvas, look, rng, (back, half), (top_y + 9, front_y))
    rail = rounded(60 - half, front_y + 6, 60 + half, front_y + 15, 1.5)
    canvas.fill(rail, body, depth=0.25, folds=0)
    if style in {"Rustic", "Classic"} and rng.random() < 0.7:
        board = symmetric(
            (60, front_y - 5), (60 + half, front_y - 3), (60 + half, front_y + 15), (60, front_y + 15)
        )
        canvas.fill(board, body, depth=0.25, folds=0)
        canvas.line(
            outline((60 - half + 5, front_y + 2), (60 + half - 5, front_y + 2)), edge_of(look.main), 0.7
        )


def daybed(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    half, seat_y = rng.uniform(48, 53), rng.uniform(92, 98)
    body, line = wood(look, rng), edge_of(look.main)
    foot = seat_y + rng.uniform(24, 30)
    for x in (60 - half + 3, 60 + half - 3):
        draw_leg(canvas, look, Leg(x, seat_y + 12, foot, np.sign(x - 60) * 2))
    back_y = seat_y - rng.uniform(26, 32)
    if look.cut["sides"] == "three-sided":
        canvas.fill(rounded(60 - half + 3, back_y, 60 + half - 3, seat_y + 6, 3), body, depth=0.3, folds=0)
        for x in np.linspace(60 - half + 10, 60 + half - 10, 11):
            canvas.line(outline((x, back_y + 4), (x, seat_y)), line, 0.7)
    cloth = mixed(str(rng.choice(_LINEN)), rng)
    for number, x in enumerate(np.linspace(60 - half + 17, 60 + half - 17, 4)):
        canvas.fill(_cushion(float(x), seat_y - 8, 13, 11), look.second if number % 2 else cloth, depth=0.5)
    canvas.fill(
        rounded(60 - half + 4, seat_y - 2, 60 + half - 4, seat_y + 10, 4), cloth, depth=0.4, folds=0.4
    )
    canvas.line(outline((60 - half + 6, seat_y + 4), (60 + half - 6, seat_y + 4)), shade(cloth, 0.82), 0.6)
    canvas.fill(rounded(60 - half, seat_y + 8, 60 + half, seat_y + 16, 1.5), body, depth=0.25, folds=0)
    for x in (60 - half + 3, 60 + half - 3):
        arm = rounded(x - 4, seat_y - rng.uniform(16, 20), x + 4, seat_y + 16, 2.5)
        canvas.fill(arm, body, depth=0.4, folds=0)


def _headboard(
    canvas: Canvas, look: Look, rng: np.random.Generator, half: float, y0: float, y1: float
) -> None:
    kind, style, line = look.cut["headboard"], style_of(look), edge_of(look.main)
    arch = {"Classic": 12.0, "Rustic": 5.0}.get(style, 0.0)
    board = symmetric(
        (60, y0 - arch), (60 + half * 0.7, y0 - arch, 60 + half, y0 + 2), (60 + half, y1), (60, y1)
    )
    if kind == "upholstered":
        cloth = look.main if style != "Rustic" else look.second
        canvas.fill(board, cloth, depth=0.55, folds=0.7)
        knots = [
            (x + (row % 2) * half / 6, y)
            for row, y in enumerate(np.linspace(y0 + 6, y1 - 16, 3))
            for x in np.linspace(60 - half * 0.8, 60 + half * 0.65, 6)
        ]
        canvas.dots(np.array(knots), shade(cloth, 0.7), 0.9)
    elif kind == "panelled":
        canvas.fill(board, wood(look, rng), depth=0.3, folds=0)
        for x in np.linspace(60 - half, 60 + half, 5)[1:-1]:
            canvas.line(outline((x, y0 - arch * 0.6 + 4), (x, y1)), line, 0.9)
    else:
        for x in np.linspace(60 - half + 5, 60 + half - 5, 9):
            top = y0 - arch * (1 - ((x - 60) / half) ** 2) + 3
            canvas.line(outline((x, top), (x, y1)), look.main, 2.4, depth=0.3)
        rail = outline(
            (60 - half, y0 + 2),
            (60 - half * 0.7, y0 - arch, 60, y0 - arch),
            (60 + half * 0.7, y0 - arch, 60 + half, y0 + 2),
        )
        canvas.line(rail, look.main, 4.5, depth=0.3)
    for x in (60 - half, 60 + half):
        canvas.fill(rounded(x - 2.4, y0 - 2, x + 2.4, y1 + 8, 1.2), wood(look, rng), depth=0.3, folds=0)


def _pillows(canvas: Canvas, linen: RGB, back: float, y: float, count: int) -> None:
    width = back * (0.42 if count == 2 else 0.62)
    for x in (60 - back / 2, 60 + back / 2) if count == 2 else (60.0,):
        canvas.fill(_cushion(x, y, width, 9), shade(linen, 1.25), depth=0.28, folds=0.6)


def _duvet(
    canvas: Canvas,
    look: Look,
    rng: np.random.Generator,
    halves: tuple[float, float],
    edges: tuple[float, float],
) -> None:
    """Over the mattress and down its front and sides, its edge turned back; perhaps a throw at the foot."""
    (back, half), (y0, y1) = halves, edges
    upper = back + (half - back) * 0.3
    cloth = look.second
    cover = outline(
        (60 - upper - 1, y0), (60 + upper + 1, y0), (60 + half + 1, y1 - 2), (60 + half, y1 + 9),
        (60, y1 + 11, 60 - half, y1 + 9), (60 - half - 1, y1 - 2),
    )  # fmt: skip
    canvas.fill(cover, cloth, depth=0.45, folds=1.3)
    turned_back = outline(
        (60 - upper - 1, y0), (60 + upper + 1, y0), (60 + upper + 2.5, y0 + 7), (60 - upper - 2.5, y0 + 7)
    )
    canvas.fill(turned_back, shade(cloth, 1.35), depth=0.35)
    canvas.line(outline((60 - half + 1, y1 - 2), (60 + half - 1, y1 - 2)), shade(cloth, 0.86), 0.7)
    if rng.random() < 0.45:
        low = half - 2
        throw = outline(
            (60 - low, y1 - 14), (60 + low, y1 - 14), (60 + half + 1.5, y1 + 8), (60 - half - 1.5, y1 + 8)
        )
        canvas.fill(throw, look.accent, depth=0.4, folds=1.2)


def _cushion(x: float, y: float, across: float, down: float) -> Points:
    """A pillow: its sides bulge, its corners stick out a little."""
    return outline(
        (x - across, y - down), (x, y - down * 0.72, x + across, y - down),
        (x + across * 0.9, y, x + across, y + down), (x, y + down * 0.85, x - across, y + down),
        (x - across * 0.9, y, x - across, y - down),
    )  # fmt: skip
