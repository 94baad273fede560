"""Garments for the legs: jeans, trousers, shorts, leggings, skirts and socks."""

from __future__ import annotations

import numpy as np

from atelier.simulate.canvas import (
    Canvas,
    Fabric,
    Points,
    ellipse,
    mirrored,
    moved,
    outline,
    rounded,
    symmetric,
    turned,
)
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, seam, shade
from atelier.simulate.patterns import weave

_WAIST_Y = 14.0


def jeans(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave("denim", look.colours, rng)
    waist = rng.uniform(17, 21)
    ankle = {"skinny": 6.0, "straight": 9.5, "flared": 14.0}[look.cut["fit"]] + rng.uniform(-0.8, 0.8)
    _legs(canvas, fabric, look.main, waist=waist, ankle=ankle, end_y=rng.uniform(140, 151), rng=rng)
    thread = (206, 150, 70) if rng.random() < 0.6 else shade(look.main, 1.35)
    _waistband(canvas, fabric, waist, thread)
    pocket = outline(
        (62 + waist * 0.25, _WAIST_Y + 6), (66 + waist * 0.4, _WAIST_Y + 14, 60 + waist + 1, _WAIST_Y + 15)
    )
    for line in (pocket, mirrored(pocket)):
        canvas.line(line, thread, 0.6)
    canvas.line(outline((60, _WAIST_Y + 5), (61, _WAIST_Y + 20, 58, _WAIST_Y + 30)), thread, 0.6)
    if look.cut["finish"] == "ripped":
        for _ in range(int(rng.integers(2, 5))):
            side, y = rng.choice([-1, 1]), rng.uniform(70, 105)
            tear = ellipse(60 + side * 14, y, rng.uniform(3, 6), rng.uniform(1, 2.4), rng.uniform(-15, 15))
            canvas.fill(tear, shade(look.main, 1.7), depth=0.2, folds=0)
    if look.cut["finish"] == "cuffed":
        for x in (-1, 1):
            cuff = rounded(60 + x * 14 - ankle - 2.5, 136, 60 + x * 14 + ankle + 2.5, 144, 1)
            canvas.fill(cuff, shade(look.main, 1.4), depth=0.5)


def trousers(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    waist = rng.uniform(17, 21)
    ankle = {"slim": 7.0, "straight": 10.0, "wide": 15.0}[look.cut["fit"]] + rng.uniform(-0.8, 0.8)
    _legs(canvas, fabric, look.main, waist=waist, ankle=ankle, end_y=rng.uniform(138, 152), rng=rng)
    _waistband(canvas, fabric, waist, seam(look.main))
    pocket = outline((60 + waist * 0.72, _WAIST_Y + 6), (60 + waist + 1.5, _WAIST_Y + 24))
    crease = outline((60 + waist * 0.55, _WAIST_Y + 12), (74, 138))
    for line in (
        pocket,
        mirrored(pocket),
        *((crease, mirrored(crease)) if look.cut["front"] == "creased" else ()),
    ):
        canvas.line(line, seam(look.main), 0.6)
    if look.cut["front"] == "cargo":
        pocket_box = rounded(60 + waist - 5, 74, 60 + waist + 6, 94, 1)
        for box in (pocket_box, mirrored(pocket_box)):
            canvas.fill(box, shade(look.main, 0.88), depth=0.5)
    if look.cut["front"] == "drawstring":
        for x in (58.0, 62.0):
            canvas.line(
                outline((x, _WAIST_Y + 4), (x - 2, _WAIST_Y + 14, x, _WAIST_Y + 24)), (225, 225, 220), 1.0
            )


def leggings(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    waist = rng.uniform(14, 16)
    end_y = {"full": 150.0, "cropped": 118.0}[look.cut["length"]] + rng.uniform(-4, 3)
    _legs(canvas, fabric, look.main, waist=waist, ankle=5, end_y=end_y, thigh=1.5, rng=rng)
    canvas.fill(
        rounded(60 - waist, _WAIST_Y - 2, 60 + waist, _WAIST_Y + 8, 2),
        shade(look.main, 0.8),
        depth=0.5,
    )
    if look.cut["side"] == "banded":
        band = outline((60 + waist - 1, _WAIST_Y + 10), (60 + waist + 4, 50, 76, end_y - 2))
        for line in (band, mirrored(band)):
            canvas.line(line, look.second, 2.4)


def shorts(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    length = {"short": 62.0, "knee": 92.0}[look.cut["length"]] + rng.uniform(-5, 5)
    waist, down = rng.uniform(22, 26), 24.0
    half = moved(_leg(waist, waist * 0.62, length, thigh=6, crotch=34, foot_x=21), 0, down)
    for leg, turn in ((half, 3), (mirrored(half), -3)):
        canvas.fill(leg, fabric, depth=0.4, turn=turn)
    canvas.line(outline((60, _WAIST_Y + down + 4), (60, down + 46)), seam(look.main), 0.8)
    band = rounded(60 - waist, _WAIST_Y + down - 2, 60 + waist, _WAIST_Y + down + 5, 1)
    canvas.fill(band, fabric if look.cut["waist"] == "buttoned" else shade(look.main, 0.8), depth=0.5)
    if look.cut["waist"] == "buttoned":
        canvas.dots(np.array([[60.0, _WAIST_Y + down + 1.5]]), look.metal, 1.4)
    else:
        for x in (57.0, 63.0):
            canvas.line(outline((x, _WAIST_Y + down + 3), (x - 2, 50, x + 1, 58)), (230, 230, 226), 1.1)
    if rng.random() < 0.4:
        stripe = outline((60 + waist - 2, down + 22), (60 + waist + 4, down + length - 2))
        for line in (stripe, mirrored(stripe)):
            canvas.line(line, look.second, 2.2)


def skirt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    end_y = {"mini": 84.0, "knee": 110.0, "long": 144.0}[look.cut["length"]] + rng.uniform(-5, 5)
    hem = {"pencil": 20.0, "a-line": 36.0, "pleated": 44.0}[look.cut["shape"]] + rng.uniform(-3, 3)
    waist, y = rng.uniform(15, 18), 26.0
    hip = (60 + waist + 5, y + 14) if look.cut["shape"] == "pencil" else (60 + waist + 4, y + 20)
    wave = 5 if look.cut["shape"] != "pencil" else 1.5
    body = symmetric(
        (60, y), (60 + waist, y), (*hip, 60 + hem, end_y), (60 + hem / 2, end_y + wave, 60, end_y + wave)
    )
    canvas.fill(body, fabric, depth=0.42)
    if look.cut["shape"] == "pleated":
        for x in np.linspace(-0.85, 0.85, int(rng.integers(7, 12))):
            line = outline((60 + x * waist, y + 5), (60 + x * (waist + 8), y + 22, 60 + x * hem, end_y + 3))
            canvas.line(line, seam(look.main), 0.8)
    if look.cut["shape"] == "a-line" and rng.random() < 0.4:
        canvas.dots(np.column_stack([np.full(6, 60.0), np.linspace(y + 10, end_y - 8, 6)]), look.accent, 1.5)
    if look.cut["shape"] == "pencil":
        canvas.line(outline((60 + hem * 0.4, end_y - 16), (60 + hem * 0.4, end_y + 1)), seam(look.main), 1.0)
    canvas.fill(rounded(60 - waist, y - 3, 60 + waist, y + 5, 1), shade(look.main, 0.8), depth=0.5)


def socks(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a pair of socks, one a little behind the other."""
    fabric = weave(look.pattern, look.colours, rng)
    shaft = {"ankle": 24.0, "crew": 52.0, "knee": 84.0}[look.cut["length"]] + rng.uniform(-4, 4)
    top = 118 - shaft
    sock = outline(
        (40, top), (60, top), (60, 96), (61, 110, 74, 114), (94, 120, 94, 132), (92, 142, 74, 140),
        (54, 140, 46, 132), (38, 126, 40, 108),
    )  # fmt: skip
    ends = look.second if rng.random() < 0.6 else shade(look.main, 0.75)
    toe, heel, cuff = ellipse(88, 130, 16, 17), ellipse(43, 128, 12, 14), rounded(39, top - 1, 61, top + 8, 1)
    for across, down in ((8, -8), (-8, 0)):
        shape = _laid(sock, across, down)
        canvas.fill(shape, fabric, depth=0.4)
        for patch in (toe, heel, cuff):
            canvas.fill(_laid(patch, across, down), ends, depth=0.25, inside=shape)


def _laid(points: Points, across: float, down: float) -> Points:
    return moved(turned(points, -4), across, down)


def _leg(waist: float, ankle: float, end_y: float, *, thigh: float, crotch: float, foot_x: float) -> Points:
    """The right leg, with half of the waist."""
    return outline(
        (60, _WAIST_Y),
        (60 + waist, _WAIST_Y),
        (60 + waist + thigh, _WAIST_Y + crotch, 60 + foot_x + (ankle + waist) * 0.32 + 1, (end_y + 50) / 2),
        (60 + foot_x + ankle, end_y),
        (60 + foot_x - ankle, end_y + 1),
        (60 + foot_x - ankle * 0.8 - 2, (end_y + 60) / 2, 60.3, _WAIST_Y + crotch),
    )


def _legs(
    canvas: Canvas, fabric: Fabric, main: RGB, *, waist: float, ankle: float, end_y: float,
    rng: np.random.Generator, thigh: float = 4.0,
) -> None:  # fmt: skip
    foot_x = rng.uniform(11, 15) + ankle * 0.25
    leg = _leg(waist, ankle, end_y, thigh=thigh, crotch=rng.uniform(40, 46), foot_x=foot_x)
    canvas.fill(leg, fabric, depth=0.5, turn=3)
    canvas.fill(mirrored(leg), fabric, depth=0.5, turn=-3)
    canvas.line(outline((60, _WAIST_Y), (60, _WAIST_Y + 42)), shade(main, 0.7), 0.7)


def _waistband(canvas: Canvas, fabric: Fabric, waist: float, thread: RGB) -> None:
    canvas.fill(rounded(60 - waist - 0.4, _WAIST_Y - 2, 60 + waist + 0.4, _WAIST_Y + 5, 1), fabric, depth=0.5)
    canvas.line(outline((60 - waist, _WAIST_Y + 5), (60 + waist, _WAIST_Y + 5)), thread, 0.5)
    for x in np.linspace(-0.8, 0.8, 5):
        canvas.line(outline((60 + x * waist, _WAIST_Y - 2), (60 + x * waist, _WAIST_Y + 6)), thread, 1.0)
    canvas.dots(np.array([[60.0, _WAIST_Y + 1.5]]), (190, 170, 120), 1.2)
