"""Garments for the upper body and whole-body ones: T-shirts to coats, and dresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from PIL import Image

from atelier.simulate.canvas import Canvas, Fabric, ellipse, mirrored, outline, rounded, symmetric
from atelier.simulate.garments.prints import put_print
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, is_dark, shade
from atelier.simulate.patterns import weave

_NECK_Y = 20.0


@dataclass(frozen=True)
class _Torso:
    """Half widths and heights of a top, in units of the canvas."""

    shoulder: float
    chest: float
    waist: float
    hem: float
    hem_y: float
    neck: float = 11.0
    neck_depth: float = 8.0
    neck_shape: str = "round"
    sleeve: str = "short"
    sleeve_width: float = 12.0
    spread: float = 10.0
    """How far the hands are from the body."""
    hem_drop: float = 3.0


def tshirt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    torso = _torso(look, rng, hem_y=rng.uniform(104, 122), chest=rng.uniform(26, 31))
    trim = look.second if rng.random() < 0.35 else shade(look.main, 0.85)
    _draw_torso(canvas, torso, fabric, trim)
    if torso.neck_shape == "polo":
        _collar(canvas, torso, trim if is_dark(trim) else look.second)
        _placket(canvas, torso, look.main, end_y=_NECK_Y + 26)
    if look.cut["print"] != "no":
        put_print(canvas, look, rng, centre=(60, 62), kind=look.cut["print"], within=_body(torso))


def shirt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    torso = _torso(look, rng, hem_y=rng.uniform(112, 128), chest=rng.uniform(26, 30), hem_drop=6)
    torso = replace(torso, neck_shape="v", neck_depth=9.0, neck=9.5)
    _draw_torso(canvas, torso, fabric, shade(look.main, 0.85))
    contrast = look.second if rng.random() < 0.2 else shade(look.main, 0.93)
    _collar(canvas, torso, fabric if rng.random() < 0.7 else contrast)
    _placket(canvas, torso, look.main, end_y=torso.hem_y + torso.hem_drop)
    for side in _pockets(rng):
        pocket = rounded(66, 52, 80, 68, 2)
        canvas.fill(pocket if side > 0 else mirrored(pocket), fabric, depth=0.35, folds=0)
    if torso.sleeve == "long":
        _cuffs(canvas, torso, fabric)


def top(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Draw a woman's top: strappy, sleeveless or flowing, often short."""
    fabric = weave(look.pattern, look.colours, rng)
    hem = rng.uniform(22, 36)
    torso = _torso(look, rng, hem_y=rng.uniform(84, 112), chest=rng.uniform(22, 26), hem=hem, hem_drop=4)
    if torso.sleeve == "strap":
        torso = _strapped(canvas, torso, look, rng)
    _draw_torso(canvas, torso, fabric, look.second if rng.random() < 0.3 else look.main)
    if look.cut["detail"] == "frill":
        for above in (20.0, 10.0, 0.0):
            half_width = torso.hem - (torso.hem - torso.waist) * min(1.0, above / 24) - 1
            _frill(canvas, torso.hem_y - above - 2, half_width, look.main)
    if look.cut["detail"] == "belted":
        _sash(canvas, 78, torso.waist + 2, look.accent)


def sweater(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    torso = _torso(look, rng, hem_y=rng.uniform(108, 122), chest=rng.uniform(28, 33))
    torso = replace(torso, sleeve="long", sleeve_width=14, hem=torso.chest - 2)
    _draw_torso(canvas, torso, fabric, shade(look.main, 0.8))
    _ribbed(canvas, torso, shade(look.main, 0.82))
    if look.cut["neck"] == "turtle":
        canvas.fill(rounded(49, 9, 71, 27, 4), shade(look.main, 0.92), depth=0.5)
        for x in np.linspace(51, 69, 9):
            canvas.line(outline((x, 11), (x, 25)), shade(look.main, 0.75), 0.5)
    if look.cut["front"] == "buttoned":
        _placket(canvas, torso, look.main, end_y=torso.hem_y + 2, button=1.5)


def sweatshirt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    torso = _torso(look, rng, hem_y=rng.uniform(108, 120), chest=rng.uniform(29, 34))
    torso = replace(torso, sleeve="long", sleeve_width=15, neck_shape="round", neck_depth=7)
    if look.cut["hood"] == "hooded":
        _hood(canvas, look.main, shade(look.main, 0.55))
    _draw_torso(canvas, torso, fabric, shade(look.main, 0.8))
    _ribbed(canvas, torso, look.second if rng.random() < 0.3 else shade(look.main, 0.85))
    if look.cut["hood"] == "hooded":
        for x in (54.0, 66.0):
            canvas.line(outline((x, 28), (x - 1, 40, x, 48)), look.second, 1.1)
        pocket = symmetric((60, 86), (74, 86), (82, 104), (82, 112), (60, 112))
        canvas.fill(pocket, shade(look.main, 0.94), depth=0.4)
    if look.cut["front"] == "zipped":
        canvas.line(outline((60, 28), (60, torso.hem_y + 2)), look.metal, 1.6)
    else:
        put_print(canvas, look, rng, centre=(60, 60), kind=look.cut["print"], within=_body(torso))


def jacket(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    torso = _torso(look, rng, hem_y=rng.uniform(98, 114), chest=rng.uniform(28, 33))
    torso = replace(torso, sleeve="long", sleeve_width=14, neck_shape="v", neck_depth=10)
    main, metal = look.main, look.metal
    _draw_torso(canvas, torso, fabric, shade(main, 0.6))
    style = look.cut["style"]
    if style == "puffer":
        for y in np.arange(36, torso.hem_y, rng.uniform(9, 13)):
            canvas.line(
                outline((60 - torso.chest, y), (60, y + 3, 60 + torso.chest, y)), shade(main, 0.62), 1.3
            )
    if style == "blazer":
        _lapels(canvas, torso, fabric, main, end_y=78)
        canvas.dots(np.array([[58.5, 82.0], [58.5, 92.0]]), shade(main, 0.5), 1.4)
        canvas.line(outline((60, 78), (57, torso.hem_y + 2)), shade(main, 0.55), 0.8)
    else:
        canvas.line(outline((60, 28), (60, torso.hem_y + 2)), metal, 1.8)
        _stand_collar(canvas, look.second if style == "bomber" else shade(main, 0.85))
    if style in {"bomber", "puffer"}:
        _ribbed(canvas, torso, look.second if style == "bomber" else shade(main, 0.8))
    _slanted_pockets(canvas, shade(main, 0.5), metal if style == "biker" else shade(main, 0.5))
    if style == "biker":
        canvas.line(outline((62, 30), (80, 52)), metal, 1.2)
        canvas.line(
            outline((60 - torso.chest, torso.hem_y - 6), (60 + torso.chest, torso.hem_y - 6)),
            shade(main, 0.5),
            1,
        )


def coat(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    torso = _torso(look, rng, hem_y=rng.uniform(136, 148), chest=rng.uniform(24, 28), hem=rng.uniform(26, 36))
    torso = replace(torso, sleeve="long", sleeve_width=13, neck_shape="v", neck_depth=12, spread=7)
    main = look.main
    _draw_torso(canvas, torso, fabric, shade(main, 0.6))
    _lapels(canvas, torso, fabric, main, end_y=70)
    canvas.line(outline((60, 70), (58, torso.hem_y + 2)), shade(main, 0.5), 0.9)
    columns = (52.0, 66.0) if look.cut["buttons"] == "double" else (58.0,)
    spots = [(x, y) for x in columns for y in np.linspace(74, 108, 4)]
    canvas.dots(np.array(spots), shade(main, 0.45), 1.7)
    _slanted_pockets(canvas, shade(main, 0.5), shade(main, 0.5), y=100)
    if look.cut["belt"] == "belted":
        _sash(canvas, 84, torso.waist + 1, shade(main, 0.8), knot=True)


def dress(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    fabric = weave(look.pattern, look.colours, rng)
    length = {"mini": 108.0, "midi": 126.0, "maxi": 148.0}[look.cut["length"]] + rng.uniform(-4, 4)
    hem = {"fitted": 20.0, "a-line": 36.0, "flared": 46.0}[look.cut["skirt"]] + rng.uniform(-3, 3)
    torso = _torso(look, rng, hem_y=length, chest=rng.uniform(19, 22), hem=hem, hem_drop=4)
    torso = replace(torso, shoulder=20, waist=rng.uniform(14, 17), spread=8, sleeve_width=9)
    if torso.sleeve == "strap":
        torso = _strapped(canvas, torso, look, rng)
    _draw_torso(canvas, torso, fabric, look.second if rng.random() < 0.3 else look.main, waist_y=72)
    if look.cut["skirt"] != "fitted":
        for x in np.linspace(-0.7, 0.7, 5):
            end = (60 + x * hem, length)
            canvas.line(
                outline((60 + x * 12, 76), (60 + x * hem * 0.6, 100, *end)),
                shade(look.main, 0.78),
                0.5,
            )
    if rng.random() < 0.55:
        _sash(
            canvas,
            71,
            torso.waist + 1.5,
            look.accent if rng.random() < 0.7 else shade(look.main, 0.7),
        )


def _torso(look: Look, rng: np.random.Generator, **measures: float) -> _Torso:
    chest = measures.pop("chest")
    neck = look.cut.get("neck", "round")
    depth = {"v": 19.0, "deep": 24.0, "boat": 4.0, "turtle": 4.0}.get(neck, 9.0) + rng.uniform(-1.5, 2.5)
    return _Torso(
        shoulder=chest + rng.uniform(0, 3),
        chest=chest,
        waist=chest - rng.uniform(1, 4),
        hem=measures.pop("hem", chest - rng.uniform(-2, 2)),
        neck=17.0 if neck == "boat" else rng.uniform(9.5, 12.5),
        neck_depth=depth,
        neck_shape="v" if neck in {"v", "deep"} else neck,
        sleeve=look.cut.get("sleeve", "long"),
        sleeve_width=rng.uniform(11, 14),
        spread=rng.uniform(6, 16),
        **measures,
    )


def _draw_torso(canvas: Canvas, torso: _Torso, fabric: Fabric, trim: RGB, waist_y: float = 80) -> None:
    """Inside of the back, sleeves, body and the edge of the neck."""
    inside = fabric.resize((1, 1)).getpixel((0, 0)) if isinstance(fabric, Image.Image) else fabric
    if torso.sleeve != "strap":
        back = ellipse(60, _NECK_Y + 1, torso.neck + 1, 5)
        canvas.fill(back, shade((inside[0], inside[1], inside[2]), 0.6), depth=0.2, folds=0)
    if torso.sleeve not in {"strap", "none"}:
        arm, tilt = _sleeve(torso)
        canvas.fill(arm, fabric, depth=0.5, turn=tilt)
        canvas.fill(mirrored(arm), fabric, depth=0.5, turn=-tilt)
    canvas.fill(_body(torso, waist_y), fabric, depth=0.34)
    if torso.neck_shape in {"round", "boat", "v"} and torso.sleeve != "strap":
        edge = _neckline(torso)
        canvas.line(edge, trim, 1.8)
        canvas.line(mirrored(edge), trim, 1.8)


def _body(torso: _Torso, waist_y: float = 80) -> np.ndarray:
    y, hem = _NECK_Y, torso.hem_y
    waist_y = min(waist_y, hem - 18)
    neck = ((60, y + torso.neck_depth), *_neck_steps(torso))
    shoulder = 60 + torso.shoulder - (6 if torso.sleeve == "none" else 0)
    if torso.sleeve == "strap":
        neck = ((60, 46), (60 + torso.chest * 0.5, 38, 60 + torso.chest - 5, 44))
        shoulder = 60 + torso.chest - 5
    return symmetric(
        *neck,
        (shoulder, y + 8 if torso.sleeve != "strap" else 44),
        (60 + torso.chest - 4, y + 22, 60 + torso.chest, y + 34),
        (60 + torso.waist, waist_y - 12, 60 + torso.waist, waist_y),
        (60 + torso.waist + 1, (waist_y + hem) / 2, 60 + torso.hem, hem),
        (60 + torso.hem * 0.5, hem + torso.hem_drop, 60, hem + torso.hem_drop),
    )


def _neck_steps(torso: _Torso) -> tuple[tuple[float, ...], ...]:
    x = 60 + torso.neck
    if torso.neck_shape in {"v", "polo"}:
        return ((x, _NECK_Y),)
    return ((x - 1, _NECK_Y + torso.neck_depth, x, _NECK_Y),)


def _neckline(torso: _Torso) -> np.ndarray:
    return outline((60, _NECK_Y + torso.neck_depth), *_neck_steps(torso))


def _sleeve(torso: _Torso) -> tuple[np.ndarray, float]:
    """The right sleeve and how far it is turned from hanging straight."""
    x, y = 60 + torso.shoulder, _NECK_Y + 8
    reach = {"cap": 9.0, "short": 28.0, "three-quarter": 54.0, "long": 78.0}[torso.sleeve]
    across = torso.spread * (0.6 + reach / 100)
    down = np.sqrt(max(reach**2 - across**2, 25))
    width = torso.sleeve_width * (1 if reach < 40 else 0.72)
    arm = outline(
        (x - 8, y - 3),
        (x + 2, y - 2, x + 4 + across * 0.35, y + down * 0.3),
        (x + across + 3, y + down),
        (x + across + 3 - width, y + down + width * 0.28),
        (60 + torso.chest - 1, _NECK_Y + 36),
        (60 + torso.chest - 10, _NECK_Y + 22),
    )
    return arm, float(np.rad2deg(np.arctan2(across, down)))


def _strapped(canvas: Canvas, torso: _Torso, look: Look, rng: np.random.Generator) -> _Torso:
    strap = outline((60 + torso.chest - 7, 45), (60 + torso.chest - 10, 30, 60 + 10, 18))
    width = rng.uniform(1.5, 4.5)
    canvas.line(strap, shade(look.main, 0.9), width, depth=0.2)
    canvas.line(mirrored(strap), shade(look.main, 0.9), width, depth=0.2)
    return replace(torso, neck_shape="none")


def _collar(canvas: Canvas, torso: _Torso, fabric: Fabric) -> None:
    x, y = 60 + torso.neck, _NECK_Y
    wing = outline((60, y + torso.neck_depth), (x - 3, y - 4), (x + 2, y + 1), (x - 2, y + 13))
    canvas.fill(wing, fabric, depth=0.6, folds=0)
    canvas.fill(mirrored(wing), fabric, depth=0.6, folds=0)
    canvas.line(outline((60, y + torso.neck_depth), (x - 2, y + 13), (x + 2, y + 1)), (90, 90, 90), 0.4)
    canvas.line(
        mirrored(outline((60, y + torso.neck_depth), (x - 2, y + 13), (x + 2, y + 1))), (90, 90, 90), 0.4
    )


def _placket(canvas: Canvas, torso: _Torso, main: RGB, end_y: float, button: float = 1.0) -> None:
    start = _NECK_Y + torso.neck_depth
    seam = shade(main, 0.65) if not is_dark(main) else shade(main, 1.25)
    for x in (57.5, 62.5):
        canvas.line(outline((x, start), (x, end_y)), seam, 0.5)
    num_buttons = max(2, round((end_y - start) / 13))
    spots = np.column_stack([np.full(num_buttons, 60.0), np.linspace(start + 4, end_y - 6, num_buttons)])
    canvas.dots(spots, shade(main, 1.6) if is_dark(main) else shade(main, 0.5), button)


def _pockets(rng: np.random.Generator) -> tuple[int, ...]:
    return ((), (1,), (1, -1))[int(rng.integers(3))]


def _cuffs(canvas: Canvas, torso: _Torso, fabric: Fabric) -> None:
    arm, _ = _sleeve(torso)
    outer, inner = arm[-4], arm[-3]
    band = np.array([outer, inner, inner - (0, 6), outer - (0.5, 6)])
    canvas.fill(band, fabric, depth=0.5, folds=0)
    canvas.fill(mirrored(band), fabric, depth=0.5, folds=0)


def _ribbed(canvas: Canvas, torso: _Torso, colour: RGB) -> None:
    """Elastic bands at the hem and the wrists."""
    hem = torso.hem_y
    band = symmetric(
        (60, hem - 5), (60 + torso.hem + 0.5, hem - 7), (60 + torso.hem - 1, hem + 1), (60, hem + 3.5)
    )
    canvas.fill(band, colour, depth=0.5)
    _cuffs(canvas, torso, colour)


def _hood(canvas: Canvas, main: RGB, inside: RGB) -> None:
    hood = symmetric((60, 6), (78, 6, 80, 22), (82, 30, 72, 34), (60, 36))
    canvas.fill(hood, shade(main, 0.92), depth=0.6)
    canvas.fill(ellipse(60, 22, 11, 10), inside, depth=0.4, folds=0)


def _stand_collar(canvas: Canvas, colour: RGB) -> None:
    canvas.fill(symmetric((60, 18), (72, 14), (74, 24), (60, 30)), colour, depth=0.5, folds=0)


def _lapels(canvas: Canvas, torso: _Torso, fabric: Fabric, main: RGB, end_y: float) -> None:
    """An open front with a shirt below, and notched lapels."""
    x = 60 + torso.neck
    canvas.fill(symmetric((60, _NECK_Y + 2), (x, _NECK_Y), (60, end_y)), (232, 232, 230), depth=0.2)
    wing = outline((60, end_y), (x + 9, 44), (x + 4, 40), (x + 8, 36), (x + 1, _NECK_Y - 1), (x - 2, _NECK_Y))
    for side in (wing, mirrored(wing)):
        canvas.fill(side, fabric, depth=0.5, folds=0)
        canvas.line(side[:5], shade(main, 0.55), 0.6)


def _slanted_pockets(canvas: Canvas, seam: RGB, edge: RGB, y: float = 84) -> None:
    pocket = outline((72, y), (78, y + 12))
    for line in (pocket, mirrored(pocket)):
        canvas.line(line, seam, 1.6)
        canvas.line(line, edge, 0.8)


def _sash(canvas: Canvas, y: float, half_width: float, colour: RGB, *, knot: bool = False) -> None:
    canvas.fill(rounded(60 - half_width, y, 60 + half_width, y + 6, 1), colour, depth=0.4)
    if knot:
        canvas.fill(outline((54, y + 4), (62, y + 4), (58, y + 28), (50, y + 26)), colour, depth=0.4)
        canvas.fill(ellipse(58, y + 3, 4, 4), shade(colour, 0.85), depth=0.5)


def _frill(canvas: Canvas, y: float, half_width: float, colour: RGB) -> None:
    steps = [(60 - half_width, y)]
    edges = np.linspace(60 - half_width, 60 + half_width, 9)
    waves = [((a + b) / 2, y + 6, b, y) for a, b in pairwise(edges)]
    canvas.line(outline(*steps, *waves), shade(colour, 0.75), 1.0)
