"""Draws single articles in three plain colours, and measures what is seen of them in the canvas's units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atelier.simulate.articles import ARTICLE_TYPES
from atelier.simulate.canvas import SCALE, Canvas
from atelier.simulate.catalogue import DRAWERS
from atelier.simulate.furnishings import FURNISHINGS
from atelier.simulate.look import Look
from atelier.simulate.palette import RGB, Palette

PALETTE = Palette(main=(190, 60, 50), second=(50, 70, 190), accent=(60, 170, 70), metal=(196, 198, 204))
"""Red, blue, green and steel: told apart at a glance whatever the light on them."""
NUM_SEEDS = 4
"""Drawings that an average is taken over."""


@dataclass(frozen=True)
class Drawing:
    """An article as drawn: RGBA, uint8 [320, 240, 4]."""

    pixels: NDArray[np.uint8]

    @property
    def seen(self) -> NDArray[np.bool_]:
        return np.asarray(self.pixels[..., 3] > 128)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge, in units of the canvas."""
        rows, columns = np.flatnonzero(self.seen.any(axis=1)), np.flatnonzero(self.seen.any(axis=0))
        edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        left, top, right, bottom = (float(edge) / SCALE for edge in edges)
        return left, top, right, bottom

    @property
    def area(self) -> float:
        """Of what is seen, in square units."""
        return float(self.seen.sum()) / SCALE**2

    def width_at(self, y: float) -> float:
        """How much of this height is covered, in units."""
        return float(self.seen[round(y * SCALE)].sum()) / SCALE

    def area_of(self, hue: str) -> float:
        """Square units that are clearly of a hue of PALETTE: 'red', 'green' or 'blue'."""
        channel = ("red", "green", "blue").index(hue)
        colours = self.pixels[..., :3].astype(int)
        others = np.delete(colours, channel, axis=2).max(axis=2)
        return float((self.seen & (colours[..., channel] > others + 40)).sum()) / SCALE**2

    def differs_from(self, other: Drawing) -> float:
        """Share of what is seen of either that looks clearly different in the other."""
        either = self.seen | other.seen
        apart = np.abs(self.pixels.astype(int) - other.pixels).max(axis=2) > 40
        return float((apart & either).sum() / either.sum())


def drawn(category: str, seed: int = 3, /, **cut: str) -> Drawing:
    """Draw an article, plain, with these choices of its cut; the first value of each feature not named."""
    article = {**ARTICLE_TYPES, **FURNISHINGS}[category]
    whole: Mapping[str, str] = {feature: values[0] for feature, values in article.cuts.items()} | cut
    rng = np.random.default_rng(seed)
    canvas = Canvas(rng, folds=0.02)
    DRAWERS[category](canvas, Look(whole, "plain", PALETTE), rng)
    return Drawing(np.asarray(canvas.picture()))


def mean_of(measure: str, category: str, /, *arguments: object, **cut: str) -> float:
    """Average a measure of `Drawing` over some seeds, so that chance within a cut evens out."""
    values = []
    for seed in range(NUM_SEEDS):
        value = getattr(drawn(category, seed, **cut), measure)
        values.append(value(*arguments) if callable(value) else value)
    return float(np.mean(values))


def mean_edge(edge: str, category: str, /, **cut: str) -> float:
    """Average place of the 'left', 'top', 'right' or 'bottom' edge over some seeds, in units."""
    position = ("left", "top", "right", "bottom").index(edge)
    return float(np.mean([drawn(category, seed, **cut).box[position] for seed in range(NUM_SEEDS)]))


def colour_at(drawing: Drawing, x: float, y: float) -> RGB:
    red, green, blue, _ = (int(level) for level in drawing.pixels[round(y * SCALE), round(x * SCALE)])
    return red, green, blue
