"""Things to carry: handbags, clutches, backpacks, wallets, umbrellas."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from atelier.simulate.canvas import Canvas, Fabric, ellipse, mirrored, outline, rounded, symmetric
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, is_dark, seam, shade
from atelier.simulate.patterns import weave


def handbag(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    shape = look.cut["shape"]
    top, low = {"tote": (34.0, 30.0), "satchel": (38.0, 44.0), "hobo": (36.0, 42.0), "bucket": (30.0, 25.0)}[
        shape
    ]
    top, low = top + rng.uniform(-3, 4), low + rng.uniform(-3, 4)
    y0, y1 = rng.uniform(62, 72), rng.uniform(120, 136)
    trim = look.second if rng.random() < 0.5 else shade(look.main, 0.65)
    rise = {"tote": 46, "satchel": 26, "hobo": 52, "bucket": 44}[shape] + rng.uniform(-6, 8)
    reach = top * (0.95 if shape == "hobo" else 0.6)
    _handles(canvas, y0, rise, reach, trim, double=shape in {"tote", "satchel"})
    sag = 16.0 if shape == "hobo" else 2.0
    body = symmetric(
        (60, y0 + sag), (60 + top * 0.5, y0 + sag, 60 + top, y0),
        (60 + low + 5, (y0 + y1) / 2, 60 + low, y1 - 8), (60 + low, y1, 60 + low - 8, y1), (60, y1 + 1.5),
    )  # fmt: skip
    canvas.fill(body, fabric, depth=0.55)
    if look.cut["closing"] == "flap":
        middle = (60 + low * 0.6, y0 + 40, 60, y0 + 40)
        flap = symmetric((60, y0 - 1), (60 + top, y0 - 1), (60 + low, y0 + 26), middle)
        canvas.fill(flap, trim if rng.random() < 0.4 else fabric, depth=0.5)
        canvas.line(flap[2:-2], seam(look.main), 0.6)
        canvas.fill(rounded(55, y0 + 34, 65, y0 + 44, 2), look.metal, depth=0.4, folds=0)
    elif look.cut["closing"] == "zip":
        y = y0 + 7 + sag / 2
        canvas.line(outline((64 - top, y), (60, y + 2 + sag / 2, 56 + top, y)), look.metal, 1.6)
        canvas.line(outline((48 + top, y0 + 9), (48 + top, y0 + 18)), look.metal, 2.2)
    else:
        bottom = symmetric((60, y1 - 22), (62 + low, y1 - 24), (58 + low, y1), (60, y1 + 1.5))
        canvas.fill(bottom, trim, depth=0.4, inside=body)
    canvas.dots(np.array([[60 - 0.6 * top, y0 + 4], [60 + 0.6 * top, y0 + 4]]), look.metal, 2.0, depth=0.3)
    if rng.random() < 0.35:  # a charm on a cord
        canvas.line(outline((60 + top * 0.6, y0 + 4), (60 + top * 0.75, y0 + 24)), trim, 1.4)
        canvas.fill(ellipse(60 + top * 0.75, y0 + 28, 5, 6), look.accent, depth=0.5)


def clutch(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    half, y0 = rng.uniform(40, 52), rng.uniform(62, 68)
    y1 = y0 + rng.uniform(32, 46)
    if look.cut["chain"] == "chain":
        beads = outline((60 - half + 4, y0), (60, y0 - 62, 60 + half - 4, y0))
        canvas.dots(beads, look.metal, 1.9, depth=0.3)
    canvas.fill(rounded(60 - half, y0, 60 + half, y1, 6), fabric, depth=0.6)
    metal = look.metal
    if look.cut["shape"] == "envelope":
        flap = outline((60 - half, y0 + 1), (60 + half, y0 + 1), (60, y0 + (y1 - y0) * 0.7))
        canvas.fill(flap, fabric, depth=0.6)
        canvas.line(flap[[0, 2, 1]], shade(look.main, 0.6), 0.9)
        canvas.dots(np.array([[60, y0 + (y1 - y0) * 0.62]]), metal, 3, depth=0.4)
    elif look.cut["shape"] == "frame":
        canvas.line(rounded(60 - half, y0, 60 + half, y0 + 5, 3), metal, 2.4)
        canvas.dots(np.array([[57.0, y0 - 2], [63.0, y0 - 2]]), metal, 3, depth=0.4)
    else:
        for x in np.linspace(60 - half + 9, 60 + half - 9, 6):
            canvas.line(outline((x, y0 + 2), (x, y1 - 2)), shade(look.main, 0.68), 0.9)
        canvas.fill(rounded(52, y0 + 10, 68, y0 + 16, 2), metal, depth=0.4, folds=0)


def backpack(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    half, y0, y1 = rng.uniform(33, 40), rng.uniform(24, 32), rng.uniform(128, 140)
    strap = outline((74, y0 + 6), (60 + half + 14, 60, 60 + half + 3, y1 - 8))
    for side in (strap, mirrored(strap)):
        canvas.line(side, shade(look.main, 0.6), 5, depth=0.3)
    grip = outline((51, y0 + 4), (52, y0 - 10, 60, y0 - 10), (68, y0 - 10, 69, y0 + 4))
    canvas.line(grip, shade(look.second, 0.8), 3.4)
    body = symmetric(
        (60, y0), (60 + half, y0, 60 + half, y0 + 34), (60 + half + 3, y1 - 10),
        (60 + half, y1, 60 + half - 10, y1), (60, y1),
    )  # fmt: skip
    canvas.fill(body, fabric, depth=0.5)
    left, right = 60 - half, 60 + half
    if look.cut["style"] == "school":
        canvas.line(
            outline((left + 2, y0 + 38), (60, y0 - 6, right - 2, y0 + 38)), shade(look.main, 0.55), 1.6
        )
        canvas.fill(rounded(left + 6, 84, right - 6, y1 - 5, 6), look.second, depth=0.5)
        canvas.line(outline((left + 10, 90), (right - 10, 90)), look.metal, 1.4)
    elif look.cut["style"] == "rucksack":
        flap = symmetric((60, y0 - 2), (right + 1, y0 - 2, right + 1, y0 + 20), (right, 74), (60, 80))
        canvas.fill(flap, look.second if rng.random() < 0.5 else fabric, depth=0.5)
        for x in (46.0, 74.0):
            canvas.line(outline((x, 60), (x, 96)), shade(look.accent, 0.8), 3.2)
            canvas.line(rounded(x - 3, 84, x + 3, 92, 1), look.metal, 1.3)
    else:
        canvas.line(outline((left, 62), (60, 66, right, 62)), look.accent, 2.4)
        pocket = outline((left + 5, 78), (right - 5, 70), (right - 3, 110), (left + 3, 118))
        canvas.fill(pocket, look.second, depth=0.5)
        for y in (86, 96, 106):
            canvas.line(outline((48, y), (72, y - 3)), shade(look.main, 0.55), 1.6)
    canvas.fill(rounded(54, y0 + 18, 66, y0 + 25, 1), look.accent, depth=0.3, folds=0)


def wallet(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric: Fabric = weave(look.pattern, look.colours, rng)
    half, tall = (
        (rng.uniform(40, 48), rng.uniform(32, 38))
        if look.cut["fold"] == "bifold"
        else (rng.uniform(28, 32), rng.uniform(40, 46))
    )
    y0, y1 = 80 - tall, 80 + tall
    canvas.fill(rounded(60 - half + 3, y0 + 3, 60 + half + 3, y1 + 3, 5), shade(look.main, 0.6), depth=0.4)
    canvas.fill(rounded(60 - half, y0, 60 + half, y1, 5), fabric, depth=0.5, folds=0.6)
    stitch = shade(look.main, 1.45) if is_dark(look.main) else shade(look.main, 0.6)
    for start, end in (((0, 0), (1, 0)), ((1, 0), (1, 1)), ((1, 1), (0, 1)), ((0, 1), (0, 0))):
        ends = [(60 - half + 4 + x * (2 * half - 8), y0 + 4 + y * (y1 - y0 - 8)) for x, y in (start, end)]
        t = np.linspace(0, 1, 24)[:, None]
        canvas.dots((1 - t) * np.array(ends[0]) + t * np.array(ends[1]), stitch, 0.5)
    if look.cut["front"] == "strap":
        canvas.fill(rounded(60 + half - 20, 72, 60 + half + 4, 86, 4), shade(look.main, 0.75), depth=0.5)
        canvas.dots(np.array([[60 + half - 14, 79.0]]), look.metal, 3, depth=0.4)
    elif look.cut["front"] == "band":
        canvas.fill(rounded(60 - half, 70, 60 + half, 88, 0.5), look.second, depth=0.3)
    else:
        canvas.fill(
            rounded(60 + half - 24, y1 - 20, 60 + half - 10, y1 - 12, 1),
            look.metal,
            depth=0.4,
            folds=0,
        )


def umbrella(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    radius, y = rng.uniform(46, 54), rng.uniform(66, 74)
    stick = look.metal if rng.random() < 0.5 else (120, 82, 52)
    canvas.line(outline((60, 16), (60, 136)), stick, 2.4, depth=0.3)
    hook = (
        outline((60, 134), (60, 148, 68, 148), (75, 148, 75, 138))
        if look.cut["handle"] == "hook"
        else outline((60, 130), (60, 148))
    )
    canvas.line(hook, (90, 60, 40), 4.5, depth=0.4)
    edges = np.linspace(-radius, radius, 6)
    scallops = [(60 + (a + b) / 2, y - 7, 60 + b, y) for a, b in pairwise(edges)]
    dome = outline(
        (60 - radius, y), *scallops, (60 + radius * 0.9, 24, 60, 20), (60 - radius * 0.9, 24, 60 - radius, y)
    )
    canvas.fill(dome, fabric, depth=0.5)
    for edge in edges[1:-1]:
        canvas.line(outline((60, 20), (60 + edge * 0.9, 34, 60 + edge, y)), shade(look.main, 0.62), 0.9)


def _handles(canvas: Canvas, y: float, rise: float, half: float, colour: RGB, *, double: bool) -> None:
    loop = outline(
        (60 - half, y + 6), (60 - half, y - rise, 60, y - rise), (60 + half, y - rise, 60 + half, y + 6)
    )
    if double:
        canvas.line(mirrored(loop) + np.array([3.0, 4.0]), shade(colour, 0.7), 3.4, depth=0.3)
    canvas.line(loop, colour, 4.0, depth=0.3)
