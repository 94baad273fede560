"""Draws accessories for head, wrist, neck and waist."""

from __future__ import annotations

import numpy as np

from atelier.simulate.canvas import Canvas, ellipse, mirrored, moved, outline, rounded, symmetric, turned
from atelier.simulate.garments.prints import ink
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, is_dark, seam, shade
from atelier.simulate.patterns import weave


def cap(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a cap from the front and a little from the side, visor to the right."""
    fabric = weave(look.pattern, look.colours, rng)
    visor_colour = look.second if rng.random() < 0.5 else shade(look.main, 0.85)
    top = rng.uniform(42, 52)
    crown = outline((18, 98), (16, top, 58, top - 2), (92, top, 94, 92), (60, 104, 18, 98))
    visor = outline((52, 97), (80, 84, 94, 88), (118, 98, 114, 108), (96, 98, 70, 104), (58, 104, 52, 97))
    canvas.fill(crown, fabric, depth=0.55)
    for x in (34, 62, 84):
        canvas.line(outline((58, top - 1), (x, top + 6, x - 4 + (x > 60) * 6, 97)), seam(look.main), 0.8)
    canvas.dots(np.array([[58.0, top - 1]]), visor_colour, 2.8, depth=0.4)
    if look.cut["back"] == "mesh":
        mesh = outline((18, 98), (16, top, 52, top), (36, top + 10, 36, 99))
        canvas.fill(mesh, look.second, depth=0.4)
    canvas.fill(visor, visor_colour, depth=0.6, folds=0)
    canvas.line(outline((56, 100), (80, 88, 94, 91), (108, 97, 110, 104)), shade(visor_colour, 0.75), 0.6)
    mark, kind = ink(look), int(rng.integers(4))
    if kind == 0:
        canvas.fill(ellipse(72, 74, 10, 9), mark, depth=0.2, folds=0)
        canvas.fill(ellipse(72, 74, 5, 4.5), look.accent, depth=0.2, folds=0)
    elif kind == 1:
        for y in (68, 75, 82):
            canvas.line(outline((62, y), (82, y + 1)), mark, 3)
    elif kind == 2:
        canvas.line(outline((62, 84), (67, 66), (72, 80), (77, 66), (82, 84)), mark, 3.4)
    else:
        canvas.line(outline((80, 68), (64, 62, 64, 75), (64, 88, 80, 84)), mark, 4)


def hat(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    style = look.cut["style"]
    dark = shade(look.main, 0.7)
    if style == "beanie":
        dome = symmetric((60, 38), (92, 38, 94, 98), (60, 104))
        canvas.fill(dome, fabric, depth=0.5)
        canvas.fill(rounded(24, 90, 96, 114, 6), look.second if rng.random() < 0.5 else dark, depth=0.5)
        for x in np.linspace(28, 92, 15):
            canvas.line(outline((x, 92), (x, 112)), shade(look.main, 0.55), 0.5)
        if rng.random() < 0.6:
            canvas.fill(ellipse(60, 34, 12, 12), look.accent, depth=0.7)
        return
    brim, crown = {"fedora": (50.0, 27.0), "sun hat": (58.0, 26.0), "bowler": (42.0, 27.0)}[style]
    brim, crown = brim + rng.uniform(-4, 2), crown + rng.uniform(-3, 4)
    top = {"fedora": 50.0, "sun hat": 60.0, "bowler": 52.0}[style] + rng.uniform(-5, 5)
    canvas.fill(ellipse(60, 98, brim, brim * 0.24), fabric, depth=0.5)
    canvas.fill(ellipse(60, 96, crown + 3, 7), shade(look.main, 0.6), depth=0.2, folds=0)
    dent = 9.0 if style == "fedora" else 0.0
    roof = symmetric(
        (60, top + dent),
        (60 + crown * 0.5, top - 4, 60 + crown * 0.86, top + 5),
        (60 + crown, 80, 60 + crown, 96),
        (60, 104),
    )
    canvas.fill(roof, fabric, depth=0.6)
    band = symmetric((60, 88), (60 + crown - 1, 82), (60 + crown, 94), (60, 102))
    canvas.fill(band, look.second, depth=0.5, folds=0)
    if look.cut["trim"] == "ribbon":
        for tilt in (-30, 30):
            canvas.fill(ellipse(60 + crown - 6, 91, 9, 4, tilt), look.accent, depth=0.5, folds=0)
    if look.cut["trim"] == "feather":
        canvas.fill(outline((78, 92), (84, 60, 98, 52), (96, 76, 80, 94)), look.accent, depth=0.4)


def belt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a belt rolled up, a little from above, buckle in front."""
    inside = shade(look.main, 0.5)
    half, tall, wide = rng.uniform(44, 53), rng.uniform(16, 24), rng.uniform(10, 19)
    y = 72.0
    canvas.fill(ellipse(60, y, half, tall), inside, depth=0.4, folds=0)
    canvas.fill(moved(ellipse(60, y, half, tall), 0, wide), look.main, depth=0.6, folds=0.3)
    canvas.fill(rounded(60 - half, y, 60 + half, y + wide, 0.1), look.main, depth=0.3, folds=0)
    canvas.fill(ellipse(60, y, half, tall), inside, depth=0.2, folds=0)
    canvas.cut(ellipse(60, y - 1 + wide * 0.4, half - 3, max(3.0, tall - wide * 0.55)))
    front = outline((60 - half + 3, y + 4), (60, y + 2 * tall - 1, 60 + half - 3, y + 4))
    if look.cut["strap"] == "stitched":
        for down in (2.5, wide - 2.5):
            canvas.line(moved(front, 0, down), seam(look.main), 0.6)
    elif look.cut["strap"] == "studded":
        canvas.dots(moved(front, 0, wide / 2), look.metal, 1.8, depth=0.4)
    elif look.cut["strap"] == "woven":
        for t in np.linspace(-0.92, 0.92, 26):
            x, start = 60 + t * half, y + tall * np.sqrt(1 - t**2)
            canvas.line(outline((x - 2, start), (x + 2, start + wide)), shade(look.main, 0.65), 1.0)
    _buckle(canvas, look, y + tall + wide / 2, wide)


def watch(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    radius = float(rng.uniform(24, 32))
    _watch_strap(canvas, look, rng)
    crown = rounded(60 + radius - 2, 75, 60 + radius + 5, 83, 2)
    canvas.fill(crown, shade(look.metal, 0.85), depth=0.5, folds=0)
    case, face = ellipse(60, 79, radius, radius), ellipse(60, 79, radius * 0.84, radius * 0.84)
    if look.cut["case"] == "square":
        tall = radius * 1.1
        case = rounded(60 - radius, 79 - tall, 60 + radius, 79 + tall, 5)
        face = rounded(64 - radius, 83 - tall, 56 + radius, 75 + tall, 3)
    dials = {"coloured": look.second, "white": (240, 240, 236), "black": (28, 28, 32)}
    dial = dials[look.cut["dial"]]
    canvas.fill(case, look.metal, depth=0.6, folds=0)
    canvas.fill(face, dial, depth=0.15, folds=0)
    if look.cut["case"] == "digital":
        screen = rounded(60 - radius * 0.6, 70, 60 + radius * 0.6, 88, 2)
        canvas.fill(screen, (168, 182, 160), depth=0.2, folds=0)
        for x in np.linspace(-0.4, 0.4, 4):
            canvas.line(rounded(60 + x * radius - 2, 74, 60 + x * radius + 2, 84, 0.5), (40, 46, 40), 1)
    else:
        mark = (240, 240, 236) if is_dark(dial) else (40, 40, 46)
        _dial(canvas, radius, mark, look.accent, rng, small_dials=look.cut["case"] == "chronograph")


def sunglasses(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    frame, lens = look.main, shade(look.second, 0.45)
    across, down = rng.uniform(20, 24), rng.uniform(14, 19)
    shape = look.cut["shape"]
    y, x = 80.0, 60 + across + rng.uniform(3, 6)
    left, right, top, bottom = x - across, x + across, y - down, y + down
    lens_shapes = {
        "round": ellipse(x, y, down * 1.15, down * 1.15),
        "aviator": outline(
            (left, y - down * 0.8), (x, y - down * 1.2, right, y - down * 0.7),
            (right, y + down * 0.9, x + 3, y + down * 1.2), (left, bottom, left, y - down * 0.8),
        ),
        "wayfarer": outline(
            (left, top), (right + 3, top - 2), (right, bottom, x, bottom), (left + 2, bottom, left, top)
        ),
        "cat-eye": outline(
            (left, y - down * 0.6), (x, y - down * 0.9, right + 7, y - down * 1.5),
            (right + 2, bottom, x, bottom), (left, bottom, left, y - down * 0.6),
        ),
    }  # fmt: skip
    lenses = lens_shapes[shape]
    thick = 1.8 if shape in {"aviator", "round"} else rng.uniform(3.5, 5.5)
    rim = look.metal if shape == "aviator" else frame
    temple = outline((60 + 2 * across + 8, y - down * 0.7), (112, y - down - 6, 117, y - down - 14))
    for side in (temple, mirrored(temple)):
        canvas.line(side, shade(rim, 0.85), 3.2, depth=0.3)
    canvas.line(outline((60 - 8, y - 4), (60, y - 9, 60 + 8, y - 4)), rim, max(2.4, thick * 0.8), depth=0.3)
    if shape == "aviator":
        canvas.line(outline((60 - 12, y - down * 0.9), (60 + 12, y - down * 0.9)), rim, 1.6)
    for points in (lenses, mirrored(lenses)):
        canvas.fill(points, lens, depth=0.35, folds=0.4)
        canvas.line(np.concatenate([points, points[:1]]), rim, thick, depth=0.2)
    for x in (-4 - across, 4 + across):
        canvas.line(outline((52 + x, y - 8), (60 + x, y + 2)), shade(lens, 1.45), 2.0)


def scarf(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a scarf as a loop around the neck, ends hanging down."""
    fabric = weave(look.pattern, look.colours, rng)
    width, end = rng.uniform(17, 23), rng.uniform(126, 142)
    dark = shade(look.main, 0.7)
    tails = [
        (
            outline(
                (58, 52), (58 + width, 50), (64 + width, 96, 62 + width, end), (62, end + 2), (60, 96, 58, 52)
            ),
            4,
        ),
        (outline((40, 52), (60, 50), (56, 92, 54, end - 14), (54 - width, end - 18), (36, 96, 40, 52)), -8),
    ]
    for tail, turn in tails:
        canvas.fill(tail, fabric, depth=0.45, turn=turn)
    if look.cut["ends"] == "fringed":
        for x in np.arange(63, 62 + width, 2.2):
            canvas.line(outline((x, end), (x + rng.uniform(-1, 1), end + 9)), dark, 0.8)
        for x in np.arange(55 - width, 54, 2.2):
            canvas.line(outline((x, end - 16), (x + rng.uniform(-1, 1), end - 7)), dark, 0.8)
    loop = symmetric((60, 22), (92, 22, 94, 44), (92, 66, 60, 70))
    canvas.fill(loop, fabric, depth=0.6, turn=12)
    canvas.fill(ellipse(60, 33, 18, 9), shade(look.main, 0.45), depth=0.3, folds=0)
    for bend in (50, 58):
        canvas.line(outline((32, bend - 8), (60, bend + 12, 88, bend - 8)), dark, 0.9)


def tie(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    if look.cut["shape"] == "bow":
        for side in (-1, 1):
            wing = outline(
                (60, 76),
                (60 + side * 20, 60, 60 + side * 48, 56),
                (60 + side * 42, 80, 60 + side * 48, 104),
                (60 + side * 20, 98, 60, 86),
            )
            canvas.fill(wing, fabric, depth=0.6, turn=side * 8)
            canvas.line(outline((60 + side * 10, 80), (60 + side * 30, 76)), shade(look.main, 0.6), 0.9)
        canvas.fill(rounded(52, 70, 68, 92, 5), fabric, depth=0.7)
        return
    half = {"slim": 9.0, "classic": 15.0}[look.cut["shape"]] + rng.uniform(-1.5, 1.5)
    blade = symmetric((60, 26), (66, 27), (60 + half, 126), (60, 126 + half * 1.3))
    canvas.fill(moved(turned(blade, -5, (60, 26)), 0, -6), shade(look.main, 0.6), depth=0.4)
    canvas.fill(blade, fabric, depth=0.5, folds=0.5)
    knot = symmetric((60, 9), (69, 8), (66, 26), (60, 30))
    canvas.fill(knot, fabric, depth=0.7, turn=25)
    canvas.line(outline((54, 27), (60, 31, 66, 27)), shade(look.main, 0.5), 0.8)


def necklace(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    metal, stone = look.metal, look.main
    half, low = rng.uniform(26, 40), rng.uniform(96, 124)
    chain = outline((60 - half, 24), (60 - half * 1.15, low, 60, low), (60 + half * 1.15, low, 60 + half, 24))
    if look.cut["chain"] == "beads":
        places = _evenly(chain, rng.uniform(5.5, 8))
        canvas.dots(places, stone, rng.uniform(2.6, 3.6), depth=0.5)
        canvas.dots(places[::3], look.second, 3.0, depth=0.5)
    else:
        canvas.dots(_evenly(chain, 2.4), metal, 1.1, depth=0.2)
    if look.cut["pendant"] == "drop":
        canvas.fill(symmetric((60, low), (72, low + 16, 60, low + 22)), stone, depth=0.7, folds=0)
        canvas.line(symmetric((60, low), (72, low + 16, 60, low + 22)), metal, 1.2)
    elif look.cut["pendant"] == "disc":
        canvas.fill(ellipse(60, low + 10, 10, 10), metal, depth=0.6, folds=0)
        canvas.fill(ellipse(60, low + 10, 5, 5), stone, depth=0.6, folds=0)
    else:
        for i, t in enumerate(np.linspace(0.3, 0.7, 7)):
            x, y = chain[round(t * (len(chain) - 1))]
            canvas.fill(ellipse(x, y + 6 + (3 - abs(i - 3)) * 2, 3.4, 6), stone, depth=0.6, folds=0)


def gloves(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a pair of gloves, palms down."""
    fabric = weave(look.pattern, look.colours, rng)
    cuff_y = {"short": 112.0, "long": 134.0}[look.cut["length"]] + rng.uniform(-4, 4)
    trim = look.second if rng.random() < 0.6 else shade(look.main, 0.7)
    fingers = look.cut["shape"] == "fingers"
    for mirror in (False, True):
        parts = [outline((70, 104), (70, 72), (76, 60), (98, 60), (103, 76), (98, 104))]
        if fingers:
            for x, top, tilt in ((76, 34, -6), (83.5, 28, -2), (91, 32, 3), (98, 42, 9)):
                parts.append(turned(rounded(x - 3.9, top, x + 3.9, 74, 4), tilt, (x, 74)))
        else:
            parts.append(outline((70, 74), (70, 30, 86, 30), (104, 30, 103, 76)))
        parts.append(outline((71, 92), (58, 78, 57, 64), (60, 56, 65, 62), (68, 72, 74, 76)))
        for part in parts:
            canvas.fill(mirrored(part) if mirror else part, fabric, depth=0.45)
        cuff = rounded(68, 100, 100, cuff_y, 3)
        canvas.fill(mirrored(cuff) if mirror else cuff, trim, depth=0.5)


def _buckle(canvas: Canvas, look: Look, y: float, wide: float) -> None:
    metal = look.metal
    if look.cut["buckle"] == "plate":
        canvas.fill(rounded(47, y - wide * 0.7, 73, y + wide * 0.7, 3), metal, depth=0.5, folds=0)
        canvas.fill(ellipse(60, y, 6, wide * 0.35), shade(metal, 0.6), depth=0.3, folds=0)
    elif look.cut["buckle"] == "ring":
        for x in (56, 66):
            canvas.line(ellipse(x, y, wide * 0.75, wide * 0.75), metal, 3, depth=0.4)
    else:
        frame = rounded(46, y - wide * 0.72, 70, y + wide * 0.72, 3)
        loop = rounded(78, y - wide * 0.62, 83, y + wide * 0.55, 1)
        canvas.line(np.concatenate([frame, frame[:1]]), metal, 3, depth=0.4)
        canvas.line(outline((48, y), (74, y + 0.5)), metal, 2, depth=0.4)
        canvas.fill(loop, shade(look.main, 0.75), depth=0.5, folds=0)


def _watch_strap(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    half, links = rng.uniform(9, 14), look.cut["strap"] == "metal"
    band = look.metal if links else look.main
    body = symmetric((60, 8), (60 + half - 2, 8), (60 + half + 3, 78), (60 + half - 3, 150), (60, 152))
    canvas.fill(body, band, depth=0.6, folds=0)
    if links:
        for y in np.arange(14, 150, rng.uniform(5, 8)):
            canvas.line(outline((60 - half, y), (60 + half, y)), shade(band, 0.6), 0.9)
        for x in (60 - half * 0.4, 60 + half * 0.4):
            canvas.line(outline((x, 8), (x, 150)), shade(band, 0.7), 0.8)
    else:
        canvas.dots(np.column_stack([np.full(5, 60.0), np.linspace(124, 146, 5)]), shade(band, 0.4), 1.1)
        canvas.line(outline((60 - half + 2, 10), (60 - half + 2, 50)), shade(band, 1.3), 0.6)


def _dial(
    canvas: Canvas, radius: float, mark: RGB, accent: RGB, rng: np.random.Generator, *, small_dials: bool
) -> None:
    for hour in range(12):
        direction = np.array([np.sin(hour * np.pi / 6), -np.cos(hour * np.pi / 6)])
        ends = np.array([60, 79]) + np.outer([radius * 0.64, radius * 0.76], direction)
        canvas.line(ends, mark, 1.7 if hour % 3 == 0 else 0.8)
    if small_dials:
        for x, y in ((-0.36, 0), (0.36, 0), (0, 0.38)):
            place = ellipse(60 + x * radius, 79 + y * radius, radius * 0.2, radius * 0.2)
            canvas.line(np.concatenate([place, place[:1]]), mark, 0.7)
    for length, width, colour in ((0.42, 1.8, mark), (0.62, 1.2, mark), (0.68, 0.6, accent)):
        angle = rng.uniform(0, 2 * np.pi)
        tip = (60 + length * radius * np.sin(angle), 79 - length * radius * np.cos(angle))
        canvas.line(outline((60, 79), tip), colour, width)
    canvas.dots(np.array([[60.0, 79.0]]), mark, 1.6)


def _evenly(points: np.ndarray, spacing: float) -> np.ndarray:
    """Places at equal distances along a line."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    stops = np.arange(0, along[-1], spacing)
    return np.column_stack([np.interp(stops, along, points[:, axis]) for axis in (0, 1)])
