"""Cluttered places where shoppers take photos, drawn by chance: rooms, wardrobes, tables, streets, parks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from atelier.matting import Pixels
from atelier.simulate.palette import COLOURS, RGB, shade

SCENE_SIZE = (420, 560)
_WIDTH, _HEIGHT = SCENE_SIZE
Painter = Callable[[ImageDraw.ImageDraw, np.random.Generator], None]


def draw_scene(rng: np.random.Generator, places: Sequence[str] | None = None) -> Pixels:
    """Draw a place without a product in it, of these names or any of `SCENES`: uint8 [560, 420, 3]."""
    picture = Image.new("RGB", SCENE_SIZE, _dull(rng))
    draw = ImageDraw.Draw(picture)
    SCENES[str(rng.choice(list(places or SCENES)))](draw, rng)
    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.BoxBlur(float(rng.uniform(0.5, 2.5))))
    grain = Image.fromarray(rng.integers(96, 160, size=(_HEIGHT // 2, _WIDTH // 2), dtype=np.uint8))
    texture = np.asarray(grain.resize(SCENE_SIZE, Image.Resampling.BILINEAR), dtype=np.int16) - 128
    rough = rng.uniform(0.2, 0.7)
    return np.clip(np.asarray(picture) + (texture * rough).astype(np.int16)[..., None], 0, 255).astype(
        np.uint8
    )


def bedroom(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    wall, floor = int(rng.uniform(0.35, 0.6) * _HEIGHT), _dull(rng)
    draw.rectangle((0, wall, _WIDTH, _HEIGHT), fill=floor)
    for joint in range(wall, _HEIGHT, int(rng.integers(18, 50))):
        draw.line((0, joint, _WIDTH, joint), fill=shade(floor, 0.8), width=2)
    _frames(draw, rng, wall)
    bed = _vivid(rng)
    top = wall + int(rng.integers(-30, 60))
    draw.polygon([(-20, top), (_WIDTH * 0.7, top - 20), (_WIDTH, _HEIGHT), (-20, _HEIGHT)], fill=bed)
    for _ in range(9):
        x, y = rng.uniform(0, _WIDTH * 0.8), rng.uniform(top, _HEIGHT)
        draw.line((x, y, x + rng.uniform(40, 160), y + rng.uniform(-40, 40)), fill=shade(bed, 0.82), width=6)
    for x in rng.uniform(0, _WIDTH * 0.6, size=2).tolist():
        draw.rounded_rectangle((x, top - 30, x + 120, top + 40), 20, fill=_vivid(rng))
    _heap(draw, rng, int(rng.integers(3, 8)), below=wall)


def wardrobe(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """Draw other garments on a rail, boxes beneath."""
    draw.rectangle((0, 0, _WIDTH, _HEIGHT), fill=shade(_dull(rng), 0.6))
    rail = int(rng.integers(30, 110))
    draw.line((0, rail, _WIDTH, rail), fill=(150, 150, 155), width=7)
    x = -30.0
    while x < _WIDTH:
        width, colour, end = rng.uniform(26, 80), _vivid(rng), rail + rng.uniform(180, 400)
        draw.polygon([(x + width * 0.4, rail + 8), (x + width * 0.6, rail + 8), (x + width, rail + 45),
                      (x + width, end), (x, end), (x, rail + 45)], fill=colour)  # fmt: skip
        for fold in rng.uniform(x, x + width, size=2):
            draw.line((fold, rail + 50, fold + 4, end), fill=shade(colour, 0.75), width=3)
        x += width * rng.uniform(0.6, 1.1)
    _heap(draw, rng, int(rng.integers(4, 9)), below=int(_HEIGHT * 0.72))


def table(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """Draw wood from above with cups, papers, cables."""
    wood = COLOURS["Tan"] if rng.random() < 0.5 else _dull(rng)
    for plank in range(0, _WIDTH, 46):
        draw.rectangle((plank, 0, plank + 46, _HEIGHT), fill=shade(wood, rng.uniform(0.75, 1.1)))
        for grain in rng.uniform(plank, plank + 46, size=4):
            draw.line((grain, 0, grain + rng.uniform(-12, 12), _HEIGHT), fill=shade(wood, 0.7), width=1)
    for _ in range(int(rng.integers(3, 7))):
        x, y, size = rng.uniform(0, _WIDTH), rng.uniform(0, _HEIGHT), rng.uniform(60, 150)
        turn = rng.uniform(0, np.pi)
        corners = [
            (x + size * np.cos(turn + k), y + size * 0.8 * np.sin(turn + k)) for k in (0, 1.2, 3.14, 4.34)
        ]
        draw.polygon(corners, fill=(236, 234, 226) if rng.random() < 0.5 else _vivid(rng))
    for _ in range(int(rng.integers(2, 5))):
        x, y, size = rng.uniform(0, _WIDTH), rng.uniform(0, _HEIGHT), rng.uniform(24, 52)
        colour = _vivid(rng)
        draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)
        draw.ellipse(
            (x - size * 0.75, y - size * 0.75, x + size * 0.75, y + size * 0.75), fill=shade(colour, 0.5)
        )
    cable = [(rng.uniform(0, _WIDTH), rng.uniform(0, _HEIGHT)) for _ in range(5)]
    draw.line(cable, fill=(30, 30, 32), width=5, joint="curve")


def street(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    horizon = int(rng.uniform(0.5, 0.72) * _HEIGHT)
    draw.rectangle((0, 0, _WIDTH, horizon), fill=shade(COLOURS["Light Blue"], rng.uniform(0.8, 1.3)))
    x = -20.0
    while x < _WIDTH:
        width, colour = rng.uniform(70, 170), _dull(rng)
        top = rng.uniform(-40, horizon * 0.5)
        draw.rectangle((x, top, x + width, horizon), fill=colour)
        pane, gap = rng.uniform(12, 24), rng.uniform(8, 18)
        glass = shade((70, 84, 104), rng.uniform(0.6, 1.5))
        for left in np.arange(x + gap, x + width - pane, pane + gap):
            for up in np.arange(top + gap, horizon - 30, pane * 1.5 + gap):
                draw.rectangle((left, up, left + pane, up + pane * 1.5), fill=glass)
        draw.rectangle((x, horizon - 40, x + width, horizon), fill=_vivid(rng))
        x += width
    road = shade((110, 108, 106), rng.uniform(0.7, 1.3))
    draw.rectangle((0, horizon, _WIDTH, _HEIGHT), fill=road)
    for end in np.linspace(-300, _WIDTH + 300, 9):
        draw.line((_WIDTH / 2, horizon - 60, end, _HEIGHT), fill=shade(road, 0.85), width=2)
    for _ in range(int(rng.integers(0, 3))):
        _car(draw, rng, horizon)
    for _ in range(int(rng.integers(1, 6))):
        _passer_by(draw, rng, horizon)


def park(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    horizon = int(rng.uniform(0.3, 0.6) * _HEIGHT)
    draw.rectangle((0, 0, _WIDTH, horizon), fill=shade(COLOURS["Light Blue"], 1.2))
    draw.rectangle((0, horizon, _WIDTH, _HEIGHT), fill=(104, 132, 66))
    for _ in range(4):
        x, size = rng.uniform(0, _WIDTH), rng.uniform(60, 130)
        draw.rectangle((x - 8, horizon - size, x + 8, horizon + 30), fill=(92, 70, 52))
        for _ in range(24):
            dx, dy, r = rng.normal(0, size * 0.5), rng.normal(-size, size * 0.4), rng.uniform(10, 30)
            leaf = shade((66, 112, 50), rng.uniform(0.6, 1.35))
            draw.ellipse((x + dx - r, horizon + dy - r, x + dx + r, horizon + dy + r), fill=leaf)
    for x, y in zip(rng.uniform(0, _WIDTH, 260), rng.uniform(horizon, _HEIGHT, 260), strict=True):
        blade = shade((104, 132, 66), rng.uniform(0.6, 1.3))
        draw.line((x, y, x + rng.uniform(-6, 6), y - rng.uniform(6, 22)), fill=blade, width=2)
    for _ in range(int(rng.integers(0, 4))):
        _passer_by(draw, rng, horizon)


def shop(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """Draw shelves full of goods."""
    draw.rectangle((0, 0, _WIDTH, _HEIGHT), fill=shade(_dull(rng), 0.7))
    step = int(rng.integers(80, 140))
    for y in range(step, _HEIGHT + step, step):
        x = 0.0
        while x < _WIDTH:
            width, height, colour = rng.uniform(14, 60), rng.uniform(0.4, 0.9) * step, _vivid(rng)
            draw.rectangle((x, y - height, x + width, y), fill=colour)
            draw.rectangle(
                (x + 3, y - height * 0.6, x + width - 3, y - height * 0.4), fill=shade(colour, 1.4)
            )
            x += width + rng.uniform(0, 10)
        draw.rectangle((0, y, _WIDTH, y + 9), fill=(196, 190, 180))


SCENES: dict[str, Painter] = {
    "bedroom": bedroom,
    "wardrobe": wardrobe,
    "table": table,
    "street": street,
    "park": park,
    "shop": shop,
}


def _dull(rng: np.random.Generator) -> RGB:
    names = ("Grey", "Silver", "Beige", "Cream", "Tan", "Brown", "Light Blue", "White")
    return shade(COLOURS[str(rng.choice(names))], rng.uniform(0.7, 1.1))


def _vivid(rng: np.random.Generator) -> RGB:
    return shade(COLOURS[str(rng.choice(list(COLOURS)))], rng.uniform(0.6, 1.2))


def _frames(draw: ImageDraw.ImageDraw, rng: np.random.Generator, wall: int) -> None:
    for _ in range(int(rng.integers(1, 5))):
        x, y, width = rng.uniform(-20, _WIDTH), rng.uniform(0, wall * 0.6), rng.uniform(40, 140)
        draw.rectangle(
            (x, y, x + width, y + width * rng.uniform(0.6, 1.4)),
            fill=_vivid(rng),
            outline=(50, 46, 44),
            width=4,
        )


def _heap(draw: ImageDraw.ImageDraw, rng: np.random.Generator, count: int, below: int) -> None:
    """Things lying about: boxes, balls, crumpled clothes."""
    for _ in range(count):
        x, y, size = rng.uniform(0, _WIDTH), rng.uniform(below, _HEIGHT), rng.uniform(18, 70)
        colour = _vivid(rng)
        angles = np.sort(rng.uniform(0, 2 * np.pi, size=int(rng.integers(4, 10))))
        radii = size * rng.uniform(0.6, 1.1, size=len(angles))
        corners = np.column_stack([x + radii * np.cos(angles), y + 0.7 * radii * np.sin(angles)])
        draw.polygon([(float(a), float(b)) for a, b in corners], fill=colour, outline=shade(colour, 0.6))


def _car(draw: ImageDraw.ImageDraw, rng: np.random.Generator, horizon: int) -> None:
    x, y, size, colour = (
        rng.uniform(-60, _WIDTH),
        horizon + rng.uniform(0, 60),
        rng.uniform(60, 120),
        _vivid(rng),
    )
    draw.rounded_rectangle(
        (x + size * 0.3, y - size * 0.75, x + size * 1.3, y - size * 0.2), 14, fill=shade(colour, 0.7)
    )
    draw.rounded_rectangle((x, y - size * 0.45, x + size * 1.7, y), 12, fill=colour)
    for wheel in (0.35, 1.3):
        draw.ellipse(
            (x + size * (wheel - 0.17), y - size * 0.17, x + size * (wheel + 0.17), y + size * 0.17),
            fill=(28, 28, 30),
        )


def _passer_by(draw: ImageDraw.ImageDraw, rng: np.random.Generator, horizon: int) -> None:
    x, size = rng.uniform(0, _WIDTH), rng.uniform(50, 130)
    y = horizon + size * 0.5
    skin = shade((224, 178, 144), rng.uniform(0.45, 1.05))
    for leg in (-0.12, 0.12):
        draw.line(
            (x, y - size * 0.8, x + size * leg * 1.4, y), fill=_dark(rng), width=max(3, round(size * 0.14))
        )
    draw.rounded_rectangle(
        (x - size * 0.2, y - size * 1.4, x + size * 0.2, y - size * 0.7), size * 0.08, fill=_vivid(rng)
    )
    draw.ellipse((x - size * 0.11, y - size * 1.68, x + size * 0.11, y - size * 1.4), fill=skin)


def _dark(rng: np.random.Generator) -> RGB:
    return shade(COLOURS[str(rng.choice(["Black", "Navy Blue", "Blue", "Brown", "Grey"]))], 0.8)
