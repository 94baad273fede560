"""Prints on a chest: words, badges and pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from atelier.simulate.canvas import SCALE, Canvas, Points
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, is_dark, shade

_WORDS = (
    "NORTH", "ATLAS", "RIVER", "87", "VOLT", "LUNA", "CO-OP", "WILD", "PARIS", "TEAM", "ECHO", "42", "SURF",
    "NOVA", "HELLO", "YES", "COAST", "MAPLE", "1969", "ORBIT", "DUSK", "PEAK", "ZERO", "LAKE", "FOX",
)  # fmt: skip
_FINE = 2


def put_print(
    canvas: Canvas,
    look: Look,
    rng: np.random.Generator,
    *,
    centre: tuple[float, float],
    kind: str,
    within: Points,
) -> None:
    """Print a 'word', a 'badge' or a 'picture' on the chest; nothing for 'no'."""
    if kind == "no":
        return
    size = float(rng.uniform(22, 38)) if kind != "badge" else float(rng.uniform(10, 15))
    picture = {"word": _word, "badge": _badge, "picture": _scene}[kind](
        look, rng, round(size * SCALE * _FINE)
    )
    picture = picture.rotate(float(rng.choice([0, 0, 0, -12, 12])), Image.Resampling.BICUBIC, expand=True)
    picture = picture.reduce(_FINE)
    across = centre[0] + (12 if kind == "badge" else 0) - picture.width / 2 / SCALE
    down = centre[1] - (12 if kind == "badge" else 0) + rng.uniform(-4, 6) - picture.height / 2 / SCALE
    canvas.within(within, picture, (across, down))


def ink(look: Look) -> RGB:
    """Choose a colour that contrasts with the item's main one."""
    main, second = look.main, look.second
    if sum(abs(a - b) for a, b in zip(main, second, strict=True)) > 150:
        return second
    return (240, 240, 236) if is_dark(main) else (36, 36, 44)


def _word(look: Look, rng: np.random.Generator, size: int) -> Image.Image:
    lines = [str(word) for word in rng.choice(_WORDS, size=int(rng.integers(1, 3)), replace=False)]
    picture = Image.new("RGBA", (size, size), (*ink(look), 0))
    draw = ImageDraw.Draw(picture)
    y = size / 2 - len(lines) * size * 0.16
    for line in lines:
        font = ImageFont.load_default(size * 0.3)
        length = draw.textlength(line, font)
        font = ImageFont.load_default(size * 0.3 * min(1.0, 0.95 * size / length))
        draw.text((size / 2, y), line, fill=(*ink(look), 255), font=font, anchor="mt", stroke_width=2)
        y += size * 0.34
    if rng.random() < 0.5:
        bar = look.accent
        draw.rectangle((size * 0.1, size * 0.9, size * 0.9, size * 0.96), fill=(*bar, 255))
    return picture


def _badge(look: Look, rng: np.random.Generator, size: int) -> Image.Image:
    picture = Image.new("RGBA", (size, size), (*ink(look), 0))
    draw, colour = ImageDraw.Draw(picture), (*ink(look), 255)
    sides = int(rng.integers(3, 9))
    if sides == 8:
        draw.ellipse((0, 0, size - 1, size - 1), fill=colour)
    else:
        draw.regular_polygon((size / 2, size / 2, size / 2 - 1), sides, int(rng.integers(90)), fill=colour)
    accent = (*look.accent, 255)
    draw.ellipse((size * 0.32, size * 0.32, size * 0.68, size * 0.68), fill=accent)
    return picture


def _scene(look: Look, rng: np.random.Generator, size: int) -> Image.Image:
    """Rings, rays, hills, a star or a heap of shapes."""
    picture = Image.new("RGBA", (size, size), (*ink(look), 0))
    draw = ImageDraw.Draw(picture)
    inks = [(*ink(look), 255), (*look.accent, 255), (*shade(look.accent, 0.6), 255)]
    motif = int(rng.integers(5))
    if motif == 0:
        for ring, radius in enumerate(np.linspace(0.5, 0.12, int(rng.integers(3, 6)))):
            edges = [round(size * (0.5 + sign * radius)) for sign in (-1, -1, 1, 1)]
            draw.ellipse(edges, fill=inks[ring % 3])
    elif motif == 1:
        draw.ellipse((size * 0.3, size * 0.05, size * 0.7, size * 0.45), fill=inks[1])
        for hill, x in enumerate(rng.uniform(0.2, 0.8, size=3)):
            top = rng.uniform(0.25, 0.55)
            corners = [(size * (x - 0.4), size * 0.9), (size * x, size * top), (size * (x + 0.4), size * 0.9)]
            draw.polygon(corners, fill=inks[(hill * 2) % 3])
    elif motif == 2:
        draw.regular_polygon((size / 2, size / 2, size * 0.48), 5, int(rng.integers(72)), fill=inks[0])
        draw.regular_polygon((size / 2, size / 2, size * 0.28), int(rng.integers(3, 7)), 0, fill=inks[1])
    elif motif == 3:
        for bar in range(int(rng.integers(3, 7))):
            y = size * (0.1 + bar * 0.14)
            draw.rectangle(
                (size * rng.uniform(0, 0.3), y, size * rng.uniform(0.6, 1), y + size * 0.09),
                fill=inks[bar % 3],
            )
    else:
        for shape in range(int(rng.integers(4, 9))):
            x, y, r = (
                size * rng.uniform(0.2, 0.8),
                size * rng.uniform(0.2, 0.8),
                size * rng.uniform(0.08, 0.2),
            )
            draw.regular_polygon(
                (x, y, r), int(rng.integers(3, 7)), int(rng.integers(360)), fill=inks[shape % 3]
            )
    return picture
