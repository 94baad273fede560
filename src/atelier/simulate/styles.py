"""Defines the hidden styles of each trade, their hints, and the compatibility of two styles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

FASHION_STYLES = ("Classic", "Minimal", "Boho", "Street", "Sporty", "Glam")
BEDROOM_STYLES = ("Rustic", "Modern", "Classic", "Scandinavian", "Industrial")
STYLES = tuple(dict.fromkeys((*FASHION_STYLES, *BEDROOM_STYLES)))
"""Of all trades; a user likes or dislikes each."""
VISIBLE_SHARE = 0.8
"""Of the items, those whose style the shop tells."""

_MATCHES: dict[frozenset[str], float] = {
    frozenset(pair.split(" + ")): match
    for pair, match in {
        "Classic + Minimal": 0.85, "Street + Sporty": 0.85, "Minimal + Street": 0.6, "Boho + Classic": 0.5,
        "Glam + Classic": 0.6, "Glam + Minimal": 0.5, "Boho + Glam": 0.4, "Minimal + Sporty": 0.5,
        "Boho + Street": 0.4, "Classic + Street": 0.2, "Boho + Minimal": 0.2, "Glam + Street": 0.2,
        "Classic + Sporty": 0.1, "Boho + Sporty": 0.05, "Glam + Sporty": 0.0,
        "Modern + Scandinavian": 0.85, "Rustic + Industrial": 0.65, "Modern + Industrial": 0.65,
        "Rustic + Scandinavian": 0.5, "Rustic + Classic": 0.45, "Classic + Scandinavian": 0.4,
        "Scandinavian + Industrial": 0.3, "Modern + Classic": 0.2, "Classic + Industrial": 0.1,
        "Rustic + Modern": 0.0,
    }.items()
}  # fmt: skip
_HINTS: dict[str, Mapping[str, float]] = {
    "Sports": {"Sporty": 8, "Street": 3},
    "Formal": {"Classic": 6, "Minimal": 4, "Glam": 2},
    "Party": {"Glam": 8, "Boho": 2},
    "Casual": {"Street": 2, "Minimal": 2, "Boho": 2},
    "floral": {"Boho": 6},
    "leopard": {"Glam": 5},
    "camouflage": {"Street": 5},
    "colour-block": {"Sporty": 3},
    "checked": {"Classic": 2},
    "tartan": {"Classic": 3},
    "pinstriped": {"Classic": 4},
    "knit": {"Boho": 2},
}
"""How much a usage or a pattern adds to the weight 1 that every style of a garment has."""


def style_match(first: str, second: str) -> float:
    """Score the compatibility of two styles of one trade, 0 to 1; equal styles score 1."""
    return 1.0 if first == second else _MATCHES[frozenset({first, second})]


def garment_style(usage: str, pattern: str, rng: np.random.Generator) -> str:
    """Draw a garment's style at random, with odds from its usage and pattern."""
    weights = np.ones(len(FASHION_STYLES))
    for hint in (_HINTS.get(usage, {}), _HINTS.get(pattern, {})):
        weights += [hint.get(style, 0) for style in FASHION_STYLES]
    return str(rng.choice(FASHION_STYLES, p=weights / weights.sum()))
