"""Draws shoes from the side with the toe to the right: sneakers to flip-flops."""

from __future__ import annotations

import numpy as np

from atelier.simulate.canvas import Canvas, Points, ellipse, moved, outline, rounded, turned
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, is_dark, shade
from atelier.simulate.patterns import weave

_WHITE: RGB = (236, 236, 232)
_RUBBER: RGB = (52, 50, 50)


def sneakers(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    high = look.cut["height"] == "high"
    running = look.cut["style"] == "running"
    ankle = 44.0 if high else rng.uniform(64, 68)
    sole = _WHITE if rng.random() < 0.65 else (look.accent if running else _RUBBER)
    thick = rng.uniform(7, 11) + (2 if running else 0)
    base = 108.0 - thick
    upper = outline(
        (14, base), (12, base - 16, 17, ankle + 4), (18, ankle - 3, 25, ankle - 2),
        (34, ankle + 3, 44, ankle - 4), (49, ankle - 3), (60, 74, 80, 82),
        (104, 84, 109, base - 6), (110, base, 108, base), (60, base),
    )  # fmt: skip
    canvas.fill(ellipse(33, ankle, 14, 4.5, -6), shade(look.main, 0.45), depth=0.3, folds=0)
    canvas.fill(upper, fabric, depth=0.5)
    trim = look.second
    heel = outline((14, base), (12, base - 16, 17, ankle + 4), (18, ankle - 1, 25, ankle), (30, 82, 26, base))
    canvas.fill(heel, trim, depth=0.5, folds=0)
    _toe_cap(canvas, look.cut["style"], base, trim)
    _side_mark(canvas, look, rng, base)
    _sole(canvas, sole, base, thick, wavy=running, accent=look.accent)
    tongue = outline((42, ankle - 1), (48, ankle - 9), (55, ankle - 4), (52, ankle + 6))
    canvas.fill(tongue, shade(look.main, 0.9), depth=0.4, folds=0)
    laces = _WHITE if is_dark(look.main) or rng.random() < 0.6 else _RUBBER
    for i in range(7 if high else 4):
        t = i / (6 if high else 3)
        x, y = 49 + 25 * t, ankle - 1 + (82 - ankle) * (t**0.75)
        canvas.line(outline((x - 5, y + 3.5), (x + 3, y - 1)), laces, 1.9, depth=0.3)


def formal_shoes(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    leather, base = look.main, 100.0
    toe = 112.0 if look.cut["toe"] == "pointed" else 106.0
    ankle = rng.uniform(68, 73)
    upper = outline(
        (14, base), (12, base - 16, 18, ankle), (32, ankle + 6, 46, ankle - 1), (58, 78, 74, 84),
        (100, 84, toe, base - 4), (toe + 2, base, toe - 2, base),
    )  # fmt: skip
    canvas.fill(ellipse(32, ankle + 1.5, 13.5, 4), shade(leather, 0.4), depth=0.3, folds=0)
    canvas.fill(upper, leather, depth=0.75, folds=0.5)
    seam = shade(leather, 0.55) if not is_dark(leather) else shade(leather, 1.25)
    canvas.line(outline((34, base), (36, 84, 46, ankle)), seam, 0.8)
    if look.cut["style"] == "loafer":
        saddle = outline((50, 76), (60, 74), (72, 82), (70, 92), (54, 92))
        canvas.fill(saddle, shade(leather, 0.85), depth=0.5, folds=0)
        canvas.line(outline((52, 84), (71, 87)), look.metal, 2.2, depth=0.3)
    else:
        canvas.line(outline((62, 80), (66, 92, 60, base)), seam, 0.8)
        for i in range(4):
            canvas.line(
                outline((46 + 4.5 * i, 76 + 1.6 * i), (52 + 4.5 * i, 72 + 1.9 * i)), shade(leather, 0.5), 1.6
            )
    if look.cut["style"] == "brogue":
        t = np.linspace(0, 1, 9)
        canvas.dots(np.column_stack([84 + 4 * np.sin(3 * t), 84 + 14 * t]), seam, 0.8)
        canvas.dots(np.column_stack([40 + 22 * t, 94 - 3 * np.sin(3 * t)]), seam, 0.8)
    if look.cut["style"] == "monk strap":
        strap = outline((44, 74), (64, 86), (60, 92), (40, 82))
        canvas.fill(strap, shade(leather, 0.85), depth=0.5, folds=0)
        canvas.line(rounded(54, 80, 60, 88, 1), look.metal, 1.2)
    _heel_block(canvas, (14, 34), base, 8, shade(leather, 0.35))
    canvas.line(outline((14, base + 1), (60, base + 2, toe - 2, base + 1)), shade(leather, 0.35), 2.6)


def heels(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw pumps: a steep arch on a stiletto, block or wedge heel."""
    fabric = weave(look.pattern, look.colours, rng)
    rise = rng.uniform(26, 40)
    floor, back = 112.0, 112.0 - rise
    toe = outline((108, floor - 2), (100, floor - 12, 84, floor - 12))
    upper = outline(
        (24, back), (21, back - 12, 26, back - 20), (34, back - 10, 46, back + 2),
        (64, floor - 14, 84, floor - 13), (100, floor - 12, 110, floor - 2), (108, floor, 84, floor),
        (62, floor - 2, 44, back + 10), (34, back + 4, 24, back),
    )  # fmt: skip
    inside = outline(
        (26, back - 19), (36, back - 4, 52, back + 4), (62, floor - 16, 84, floor - 13),
        (58, floor - 8), (36, back + 2),
    )  # fmt: skip
    canvas.fill(inside, shade(look.main, 0.5), depth=0.2, folds=0)
    dark = shade(look.main, 0.7)
    heel_shapes: dict[str, Points] = {
        "stiletto": outline(
            (23, back - 1), (40, back + 6), (30, floor - 12, 28.5, floor), (25.5, floor),
            (24, floor - 12, 23, back),
        ),
        "block": outline((23, back - 1), (44, back + 9), (40, floor), (25, floor)),
        "wedge": outline((23, back - 1), (46, back + 10), (66, floor - 3, 84, floor), (25, floor)),
    }  # fmt: skip
    canvas.fill(heel_shapes[look.cut["heel"]], dark, depth=0.6, folds=0)
    canvas.fill(upper, fabric, depth=0.65, folds=0.5)
    canvas.line(toe, shade(look.main, 0.8), 0.5)
    if look.cut["strap"] == "ankle":
        canvas.line(ellipse(31, back - 27, 12, 4, -5), dark, 2.4)
        canvas.line(outline((25, back - 16), (22, back - 26)), dark, 2.6)
        canvas.dots(np.array([[40.0, back - 26.0]]), look.metal, 1.6)
    if look.cut["strap"] == "t-bar":
        canvas.line(outline((78, floor - 11), (50, floor - 30, 40, back - 14)), dark, 2.4)
        canvas.line(outline((25, back - 15), (34, back - 22, 44, back - 12)), dark, 2.4)
    if look.cut["strap"] == "bow":
        for tilt in (-28, 28):
            canvas.fill(ellipse(90, floor - 13, 7, 3.4, tilt), look.second, depth=0.5, folds=0)


def boots(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    top = {"ankle": 52.0, "mid": 34.0, "knee": 8.0}[look.cut["height"]] + rng.uniform(-4, 4)
    base = 118.0 if look.cut["heel"] == "high" else 124.0
    width = rng.uniform(32, 38)
    boot = outline(
        (22, base), (19, base - 24, 22, 76), (20, 60, 20 + (76 - top) * -0.02, top), (20 + width, top),
        (18 + width, 66, 22 + width, 84), (70, 94, 86, 98), (108, 100, 110, base - 3), (110, base, 106, base),
    )  # fmt: skip
    canvas.fill(boot, fabric, depth=0.6)
    dark = shade(look.main, 0.6) if not is_dark(look.main) else shade(look.main, 1.2)
    style = look.cut["style"]
    if style == "lace-up":
        for i, y in enumerate(np.arange(top + 6, 92, 7.5)):
            x = 18 + width + max(0.0, (y - 66) * 0.3)
            lace = _WHITE if i % 2 and is_dark(look.main) else dark
            canvas.line(outline((x - 11, y + 2), (x + 1, y - 1)), lace, 1.7)
    if style == "chelsea":
        gore = outline((34, top + 2), (46, top + 2), (42, 90), (36, 90))
        canvas.fill(gore, _RUBBER if not is_dark(look.main) else shade(look.main, 1.3), depth=0.3)
    if style == "buckled":
        for y in (top + 12, 84):
            canvas.line(outline((20, y), (20 + width / 2, y + 4, 20 + width, y)), dark, 3)
            canvas.line(rounded(16 + width * 0.7, y - 2, 22 + width * 0.7, y + 5, 1), look.metal, 1.2)
    if style == "fur":
        for x in np.linspace(20, 20 + width, 9):
            canvas.fill(
                ellipse(x, top + 1, 5, 5 + rng.uniform(0, 2)),
                shade((226, 214, 196), rng.uniform(0.9, 1)),
                depth=0.5,
            )
    _heel_block(canvas, (21, 40), base, 14 if look.cut["heel"] == "high" else 6, _RUBBER)
    canvas.line(
        outline((22, base + 1), (60, base + 2, 106, base + 1)),
        _RUBBER,
        4 if look.cut["heel"] == "flat" else 2.4,
    )


def sandals(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw sandals: a flat or wedge sole; straps that rise from it to the instep, and around the ankle."""
    base, rise = 104.0, {"flat": 0.0, "wedge": 18.0}[look.cut["sole"]]
    main, style, ankle = look.main, look.cut["style"], 58 - rise * 0.7
    band = weave(look.pattern, look.colours, rng)
    dark = shade(main, 0.7)
    sole = outline(
        (12, base - rise - 2), (40, base - 4 - rise * 0.8, 74, base - 4), (100, base - 5, 110, base - 3),
        (112, base + 3, 104, base + 4), (14, base + 4), (11, base, 12, base - rise - 2),
    )  # fmt: skip
    canvas.line(outline((18, base - rise - 4), (60, base - 8 - rise * 0.5, 104, base - 5)), dark, 5)
    if style != "slide":
        canvas.line(outline((16, base - rise - 3), (13, 84 - rise, 17, ankle)), main, 6, depth=0.4)
        instep = outline((90, base - 14), (60, 84 - rise * 0.3, 40, ankle + 2))
        canvas.line(instep, main, 4.5, depth=0.4)
        canvas.line(ellipse(28, ankle, 13, 4.5, 3), main, 4, depth=0.3)
        canvas.dots(np.array([[27.0, ankle + 4.5]]), look.metal, 2.4, depth=0.3)
        places = (0.12, 0.36, 0.6, 0.8) if style == "gladiator" else (0.1, 0.42)
        for place in places:
            x, y = instep[round(place * (len(instep) - 1))]
            wide = rng.uniform(3.5, 5) if style == "gladiator" else rng.uniform(5, 8)
            foot, edge = x + 4 - 10 * place, base - 3 - rise * 0.8 * (1 - (x + 4 - 10 * place) / 100)
            strap = outline(
                (foot - wide, edge), (x - wide, y + 6, x - wide * 0.7, y - 2),
                (x + wide * 0.7, y - 2), (x + wide, y + 8, foot + wide, edge),
            )  # fmt: skip
            canvas.fill(strap, band, depth=0.5, folds=0)
    else:
        wide, high = rng.uniform(17, 23), rng.uniform(70, 78)
        arch = outline(
            (78 - wide, base - 4), (80 - wide, high, 76, high), (100, high + 4, 80 + wide, base - 4)
        )
        canvas.fill(arch, band, depth=0.6, folds=0)
        if rng.random() < 0.5:
            canvas.line(rounded(70, 80, 82, 92, 1), look.metal, 1.8)
    canvas.fill(sole, (176, 136, 94) if rng.random() < 0.5 else shade(main, 0.9), depth=0.5)
    canvas.line(outline((13, base + 3.4), (104, base + 3.4)), _RUBBER, 2)


def flip_flops(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a pair of flip-flops from above."""
    fabric = weave(look.pattern, look.colours, rng)
    tilt = rng.uniform(6, 16)
    width = rng.uniform(15, 18)
    sole = outline(
        (60, 32), (60 + width + 3, 34, 60 + width, 62), (60 + width - 5, 84, 60 + width - 3, 108),
        (60 + width - 4, 128, 60, 128), (60 - width + 4, 128, 60 - width + 4, 108),
        (60 - width + 5, 84, 60 - width, 62), (60 - width - 2, 34, 60, 32),
    )  # fmt: skip
    strap = outline(
        (60 - width + 3, 84), (60 - width + 6, 62, 60, 50), (60 + width - 6, 62, 60 + width - 3, 84)
    )
    edge = look.accent if rng.random() < 0.5 else shade(look.main, 0.6)
    for side in (-1, 1):
        canvas.fill(_beside(moved(sole, 1.2, 2.2), side, tilt), edge, depth=0.2, folds=0)
        canvas.fill(_beside(sole, side, tilt), fabric, depth=0.3, folds=0.3)
        thick = 5.5 if look.cut["strap"] == "wide" else 3.2
        canvas.line(_beside(strap, side, tilt), look.second, thick, depth=0.4)
        canvas.dots(_beside(np.array([[60.0, 50.0]]), side, tilt), shade(look.second, 0.7), 2.2)


def _beside(points: Points, side: int, tilt: float) -> Points:
    """One of a pair, its toe turned out."""
    return moved(turned(points, side * tilt, (60, 80)), side * 23, 0)


def _toe_cap(canvas: Canvas, style: str, base: float, trim: RGB) -> None:
    if style == "canvas":
        canvas.fill(outline((90, base), (90, 86), (106, 84, 110, base)), _WHITE, depth=0.5, folds=0)
    elif style == "court":
        canvas.fill(outline((84, base), (86, 83), (106, 84, 109, base)), trim, depth=0.5, folds=0)
    else:
        canvas.fill(
            outline((70, base), (94, base - 14, 109, base - 5), (110, base)), trim, depth=0.5, folds=0
        )


def _side_mark(canvas: Canvas, look: Look, rng: np.random.Generator, base: float) -> None:
    """The maker's mark: bars, a swoosh, a star or nothing."""
    colour, kind = look.accent, int(rng.integers(5))
    if kind == 0:
        for x in (46, 54, 62):
            canvas.line(outline((x, base - 2), (x - 6, base - 20)), colour, 3)
    elif kind == 1:
        swoosh = outline(
            (32, base - 16),
            (44, base - 2, 76, base - 18),
            (46, base - 8, 38, base - 7),
            (32, base - 7, 32, base - 16),
        )
        canvas.fill(swoosh, colour, depth=0)
    elif kind == 2:
        canvas.dots(np.array([[30.0, base - 22]]), colour, 5)
    elif kind == 3:
        canvas.line(outline((32, base - 14), (46, base - 2), (60, base - 16), (72, base - 4)), colour, 2.4)


def _sole(canvas: Canvas, colour: RGB, base: float, thick: float, *, wavy: bool, accent: RGB) -> None:
    bottom = base + thick
    sole = outline(
        (13, base - 1), (60, base + 1, 90, base - 1), (104, base - 3, 111, base - 4),
        (114, base + 3, 105, bottom - 1),
        (100, bottom), (18, bottom), (10, bottom - 2, 13, base - 1),
    )  # fmt: skip
    canvas.fill(sole, colour, depth=0.4, folds=0)
    if wavy:
        canvas.line(
            outline((16, base + 3), (34, bottom + 2, 52, base + 4), (76, base - 1, 102, base + 5)), accent, 2
        )
    else:
        canvas.line(outline((13, base + 2), (60, base + 4, 110, base - 0.5)), shade(colour, 0.7), 0.9)


def _heel_block(canvas: Canvas, across: tuple[float, float], base: float, height: float, colour: RGB) -> None:
    left, right = across
    block: Points = outline(
        (left, base), (right, base), (right - 2, base + height), (left + 1, base + height)
    )
    canvas.fill(block, colour, depth=0.4, folds=0)
