"""Draws prints, paintings and mirrors."""

from __future__ import annotations

import numpy as np

from atelier.simulate.canvas import Canvas, Points, ellipse, outline, rounded, symmetric
from atelier.simulate.furniture.materials import edge_of, metal_of, style_of, wood
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, shade

_PAPER: RGB = (246, 243, 236)
_WASH = 2.0
"""How uneven paint is, as strength of a canvas's folds."""


def framed_print(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a print behind glass, with a wide margin of paper and a slim frame."""
    half, tall = _format(rng)
    canvas.fill(
        rounded(60 - half, 80 - tall, 60 + half, 80 + tall, 0.6), wood(look, rng), depth=0.25, folds=0
    )
    thin = 2.4 if style_of(look) in {"Modern", "Scandinavian", "Industrial"} else 4.0
    paper = rounded(60 - half + thin, 80 - tall + thin, 60 + half - thin, 80 + tall - thin, 0.2)
    canvas.fill(paper, _PAPER, depth=0.06, folds=0)
    margin = rng.uniform(6, 9) + thin
    window = rounded(60 - half + margin, 80 - tall + margin, 60 + half - margin, 80 + tall - margin, 0.2)
    _MOTIFS[look.cut["motif"]](canvas, look, rng, window)


def painting(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a painting on canvas up to its edge: bare in modern rooms, in a broad frame elsewhere."""
    half, tall = _format(rng)
    style = style_of(look)
    broad = {"Classic": 8.0, "Rustic": 6.0, "Industrial": 2.5}.get(style, 1.2)
    gilded = style == "Classic" and rng.random() < 0.6
    frame: RGB = (196, 158, 84) if gilded else look.main
    board = rounded(60 - half, 80 - tall, 60 + half, 80 + tall, 0.8)
    canvas.fill(board, frame if gilded else wood(look, rng), depth=0.4, folds=0)
    inner = rounded(60 - half + broad, 80 - tall + broad, 60 + half - broad, 80 + tall - broad, 0.4)
    if broad > 4:
        canvas.line(np.concatenate([inner, inner[:1]]), edge_of(frame), 1.6)
        ridge = rounded(
            60 - half + broad / 2, 80 - tall + broad / 2, 60 + half - broad / 2, 80 + tall - broad / 2, 0.4
        )
        canvas.line(np.concatenate([ridge, ridge[:1]]), shade(frame, 1.3), 0.8)
    _MOTIFS[look.cut["motif"]](canvas, look, rng, inner)


def mirror(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    shape, style = look.cut["shape"], style_of(look)
    broad = {"Rustic": 7.0, "Classic": 6.0, "Scandinavian": 3.0}.get(style, 2.0)
    half, tall = (
        (rng.uniform(42, 48),) * 2 if shape == "round" else (rng.uniform(32, 38), rng.uniform(54, 62))
    )
    fabric = metal_of(look) if style in {"Modern", "Industrial"} else wood(look, rng)
    canvas.fill(_pane(shape, half, tall), fabric, depth=0.4, folds=0)
    pane = _pane(shape, half - broad, tall - broad)
    canvas.fill(pane, (206, 216, 222), depth=0.12, folds=0)
    for start, wide in ((-0.55, 16.0), (0.05, 7.0)):
        x = 60 + half * start
        shine = outline(
            (x, 80 + tall), (x + wide, 80 + tall), (x + wide + tall, 80 - tall), (x + tall, 80 - tall)
        )
        canvas.fill(shine, (228, 235, 239), depth=0, folds=0, inside=pane)
    canvas.line(np.concatenate([pane, pane[:1]]), shade((206, 216, 222), 0.7), 0.8)
    if style == "Classic" and shape == "round":
        knobs = _pane(shape, half - broad / 2, tall - broad / 2)[::3]
        canvas.dots(knobs, shade(look.main, 0.8), 1.1, depth=0.3)


def _format(rng: np.random.Generator) -> tuple[float, float]:
    half, tall = rng.uniform(38, 44), rng.uniform(50, 58)
    return (tall * 0.9, half * 0.9) if rng.random() < 0.35 else (half, tall)


def _pane(shape: str, half: float, tall: float) -> Points:
    if shape == "round":
        return ellipse(60, 80, half, tall)
    if shape == "arched":
        top = 80 - tall
        return symmetric(
            (60, top), (60 + half, top, 60 + half, top + half), (60 + half, 80 + tall), (60, 80 + tall)
        )
    return rounded(60 - half, 80 - tall, 60 + half, 80 + tall, 1.5)


def _botanical(canvas: Canvas, look: Look, rng: np.random.Generator, window: Points) -> None:
    (x0, y0), (x1, y1) = window.min(axis=0), window.max(axis=0)
    canvas.fill(window, shade(_PAPER, 0.98), depth=0.0, folds=0)
    x = (x0 + x1) / 2
    stem = outline((x, y1 - 4), (x + rng.uniform(-6, 6), (y0 + y1) / 2, x, y0 + 6))
    canvas.line(stem, shade(look.accent, 0.7), 1.1)
    leaf = ((60, 102, 66), (92, 128, 88), look.accent)[int(rng.integers(3))]
    for number, (at_x, at_y) in enumerate(stem[1:-1]):
        side, size = (1 if number % 2 else -1), (y1 - y0) * rng.uniform(0.11, 0.15)
        tip = (at_x + side * size * 1.5, at_y - size)
        blade = outline(
            (at_x, at_y), (at_x + side * size * 0.4, at_y - size * 1.1, *tip),
            (at_x + side * size * 1.3, at_y, at_x, at_y),
        )  # fmt: skip
        canvas.fill(blade, shade(leaf, rng.uniform(0.85, 1.2)), depth=0.2, folds=0, inside=window)


def _abstract(canvas: Canvas, look: Look, rng: np.random.Generator, window: Points) -> None:
    (x0, y0), (x1, y1) = window.min(axis=0), window.max(axis=0)
    canvas.fill(window, shade(look.second, 1.55), depth=0.0, folds=_WASH)
    for colour in (look.accent, look.second, shade(look.accent, 0.6), look.main):
        x, y = rng.uniform(x0 + 4, x1 - 4), rng.uniform(y0 + 4, y1 - 4)
        across, down = rng.uniform(7, (x1 - x0) * 0.36), rng.uniform(7, (y1 - y0) * 0.3)
        form = (
            ellipse(x, y, across, down)
            if rng.random() < 0.6
            else rounded(x - across, y - down, x + across, y + down, 1)
        )
        canvas.fill(form, colour, depth=0.0, folds=_WASH, inside=window)


def _landscape(canvas: Canvas, look: Look, rng: np.random.Generator, window: Points) -> None:
    (x0, y0), (x1, y1) = window.min(axis=0), window.max(axis=0)
    wide, tall = x1 - x0, y1 - y0
    canvas.fill(window, shade(look.second, 1.6), depth=0.0, folds=_WASH)
    sun = ellipse(x0 + wide * rng.uniform(0.25, 0.75), y0 + tall * 0.3, wide * 0.11, wide * 0.11)
    canvas.fill(sun, shade(look.accent, 1.2), depth=0.0, folds=0, inside=window)
    for number, (share, colour) in enumerate(
        ((0.45, shade(look.second, 1.2)), (0.6, look.second), (0.76, shade(look.accent, 0.75)))
    ):
        y, swing = y0 + tall * share, tall * 0.14 * (1 if number % 2 else -1)
        hill = outline(
            (x0, y), (x0 + wide * 0.25, y - swing, x0 + wide / 2, y),
            (x0 + wide * 0.75, y + swing, x1, y), (x1, y1), (x0, y1),
        )  # fmt: skip
        canvas.fill(hill, colour, depth=0.0, folds=_WASH, inside=window)


def _still_life(canvas: Canvas, look: Look, rng: np.random.Generator, window: Points) -> None:
    (x0, y0), (x1, y1) = window.min(axis=0), window.max(axis=0)
    wide, tall = x1 - x0, y1 - y0
    canvas.fill(window, shade(look.second, 0.75), depth=0.0, folds=_WASH)
    table = outline((x0, y0 + tall * 0.7), (x1, y0 + tall * 0.66), (x1, y1), (x0, y1))
    canvas.fill(table, shade(look.main, 0.9), depth=0.0, folds=0, inside=window)
    x, base = x0 + wide * rng.uniform(0.35, 0.6), y0 + tall * 0.78
    vase = outline(
        (x - 4, base - tall * 0.34), (x + 4, base - tall * 0.34), (x + 14, base - tall * 0.16, x + 6, base),
        (x - 6, base), (x - 14, base - tall * 0.16, x - 4, base - tall * 0.34),
    )  # fmt: skip
    for turn in np.linspace(-1, 1, 5):
        tip = (x + turn * wide * 0.22, base - tall * 0.58 + abs(turn) * tall * 0.1)
        canvas.line(
            outline((x, base - tall * 0.34), (x + turn * 3, base - tall * 0.5, *tip)), (70, 104, 66), 0.8
        )
        canvas.dots(np.array([tip]), shade(look.accent, rng.uniform(0.9, 1.3)), wide * 0.06, depth=0.3)
    canvas.fill(vase, shade(look.second, 1.4), depth=0.5, folds=0, inside=window)
    for step in (0.2, 0.3):
        canvas.fill(
            ellipse(x + wide * step, base - 2, wide * 0.06, wide * 0.06),
            shade(look.accent, 0.9),
            depth=0.5,
            folds=0,
            inside=window,
        )


_MOTIFS = {"botanical": _botanical, "abstract": _abstract, "landscape": _landscape, "still life": _still_life}
