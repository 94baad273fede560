"""The world's colours: names, their shades, and which go together."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "Black": (32, 32, 36),
    "White": (236, 235, 232),
    "Grey": (134, 136, 140),
    "Silver": (188, 191, 196),
    "Navy Blue": (32, 42, 84),
    "Blue": (44, 96, 178),
    "Light Blue": (140, 186, 222),
    "Teal": (22, 120, 122),
    "Green": (42, 128, 66),
    "Olive": (104, 108, 50),
    "Lime": (164, 204, 64),
    "Yellow": (240, 206, 62),
    "Mustard": (200, 150, 38),
    "Orange": (232, 118, 36),
    "Red": (200, 38, 44),
    "Maroon": (108, 24, 40),
    "Pink": (236, 150, 178),
    "Magenta": (196, 42, 122),
    "Purple": (104, 58, 140),
    "Lavender": (182, 164, 214),
    "Brown": (98, 62, 40),
    "Tan": (186, 134, 86),
    "Beige": (216, 198, 166),
    "Cream": (240, 230, 204),
}
"""Colour names and the middle of what each covers."""

NEUTRAL = frozenset({"Black", "White", "Grey", "Silver", "Navy Blue", "Brown", "Tan", "Beige", "Cream"})
LEATHERS = ("Black", "Brown", "Tan", "Maroon", "Navy Blue", "Grey", "Beige", "White", "Red")
METALS: tuple[RGB, ...] = ((196, 198, 204), (206, 170, 96), (198, 148, 128), (70, 72, 78))
"""Steel, gold, rose gold, gun metal."""


@dataclass(frozen=True)
class Palette:
    """The colours of one item."""

    main: RGB
    second: RGB
    accent: RGB
    metal: RGB


def shade(colour: RGB, factor: float) -> RGB:
    """Darken a colour below 1; above 1 lighten it: 1.3 goes 30 % of the way to white."""
    if factor <= 1:
        red, green, blue = (round(level * factor) for level in colour)
    else:
        red, green, blue = (round(level + (255 - level) * (factor - 1)) for level in colour)
    return red, green, blue


def is_dark(colour: RGB) -> bool:
    return 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2] < 110


def seam(colour: RGB) -> RGB:
    """Choose the colour of a thread that contrasts with this colour."""
    return shade(colour, 1.28) if is_dark(colour) else shade(colour, 0.65)


def mixed(name: str, rng: np.random.Generator) -> RGB:
    """Draw a shade that still has this colour name."""
    light = rng.uniform(0.84, 1.14)
    red, green, blue = (int(np.clip(level * light + rng.normal(0, 5), 8, 250)) for level in COLOURS[name])
    return red, green, blue


def draw_palette(name: str, rng: np.random.Generator) -> Palette:
    """Draw a palette whose main colour has this `name`, with a distinguishable partner."""
    names = list(COLOURS)
    weights = np.array([_partner_weight(name, other) for other in names])
    second, accent = (
        mixed(names[int(i)], rng)
        for i in rng.choice(len(names), size=2, replace=False, p=weights / weights.sum())
    )
    return Palette(mixed(name, rng), second, accent, METALS[int(rng.integers(len(METALS)))])


def harmony(first: str, second: str) -> float:
    """Score how well two colours are worn together in this world, 0 to 1.

    A neutral goes with everything, and two with each other unless they are nearly alike (navy with black);
    of two real colours neighbours on the colour wheel and opposites go together, what lies between clashes.
    """
    if first == second:
        return 0.75
    if {first, second} in (
        {"Black", "Navy Blue"},
        {"Black", "Brown"},
        {"Beige", "Cream"},
        {"Brown", "Navy Blue"},
    ):
        return 0.45
    if first in NEUTRAL or second in NEUTRAL:
        return 0.9
    apart = abs(_hue(first) - _hue(second)) % 1.0
    apart = min(apart, 1 - apart) * 360
    return 0.85 if apart < 35 else 0.7 if apart > 150 else 0.15


def _hue(name: str) -> float:
    return colorsys.rgb_to_hsv(*(level / 255 for level in COLOURS[name]))[0]


def _partner_weight(name: str, other: str) -> float:
    distance = sum(abs(a - b) for a, b in zip(COLOURS[name], COLOURS[other], strict=True))
    if distance < 110:
        return 0.0
    return (2.5 if other in NEUTRAL else 1.0) * (0.3 + harmony(name, other))
