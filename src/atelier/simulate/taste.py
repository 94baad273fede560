"""Defines the hidden rules behind outfits and clicks: compatibility and users' tastes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from atelier.simulate.palette import COLOURS, harmony
from atelier.simulate.styles import STYLES, style_match
from atelier.simulate.trades import Trade
from atelier.simulate.world import SimulatedItem, Stream, generator, item_of
from atelier.vocabulary import Outfit

_QUIET = frozenset({"plain", "heather", "denim", "knit", "gradient"})
_USAGE_CLASH = frozenset({frozenset({"Sports", "Formal"}), frozenset({"Sports", "Party"})})
_DEAR = {Trade.FASHION: 200.0, Trade.BEDROOM: 600.0}
"""Mean price of a piece that a thrifty user minds by one unit of log-odds."""


@dataclass(frozen=True)
class User:
    """A person with a hidden taste, of which only clicks are observed."""

    user_id: str
    gender: str
    colours: NDArray[np.float64]
    """Liking of each name of `COLOURS`, around 0."""
    usage: str
    bold: float
    """Liking of patterns, around 0."""
    thrift: float
    """Dislike of high prices, 0 and more."""
    styles: NDArray[np.float64]
    """Liking of each name of `STYLES`, around 0."""


def compatibility(items: Sequence[SimulatedItem]) -> float:
    """Score the compatibility of items of one trade, 0 to 1: the ground truth for learned models.

    Fashion: colours in harmony, one season, one usage, styles that go together, few loud patterns. Bedrooms:
    colours, styles, few loud patterns, and no table lamp on a stool.
    """
    if len({item.trade for item in items}) > 1:
        raise ValueError("items of two trades have no compatibility; expected garments or furnishings alone")
    pairs = list(combinations(items, 2))
    if not pairs:
        return 1.0
    colours = np.mean([harmony(str(a.item.colour), str(b.item.colour)) for a, b in pairs])
    styles = np.mean([style_match(a.style, b.style) for a, b in pairs])
    quiet = sum(item.look.pattern not in _QUIET for item in items) <= 1
    if items[0].trade == Trade.BEDROOM:
        stands = not {"Stools", "Table Lamps"} <= {item.item.category for item in items}
        return float(0.35 * colours + 0.45 * styles + 0.1 * quiet + 0.1 * stands)
    seasons = np.mean([_same_weather(a, b) for a, b in pairs])
    usages = np.mean([_usage_match(a, b) for a, b in pairs])
    return float(0.35 * colours + 0.15 * seasons + 0.2 * usages + 0.2 * styles + 0.1 * quiet)


def make_user(seed: int, number: int) -> User:
    """Make the user of this number, the same in all trades."""
    rng = generator(seed, Stream.USERS, number)
    return User(
        user_id=f"w{seed}-u{number:04d}",
        gender=str(rng.choice(["Men", "Women"])),
        colours=rng.normal(0, 1, size=len(COLOURS)),
        usage=str(rng.choice(["Casual", "Formal", "Sports", "Party"])),
        bold=float(rng.normal(0, 1)),
        thrift=float(rng.gamma(2, 0.3)),
        styles=rng.normal(0, 1, size=len(STYLES)),
    )


def user_of(user_id: str) -> User:
    """Return the user of this id; ValueError where the id is of no simulated world."""
    match = re.fullmatch(r"w(\d+)-u(\d{4,})", user_id)
    if match is None:
        raise ValueError(f"{user_id!r} is no id of a simulated user; expected one such as 'w0-u0017'")
    return make_user(int(match[1]), int(match[2]))


def click_probability(user: User, outfit: Outfit) -> float:
    """Compute the probability that a user clicks a shown outfit of simulated items."""
    return probability(liking(user, [item_of(item_id) for item_id in outfit.item_ids]))


def probability(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))


def liking(user: User, items: Sequence[SimulatedItem]) -> float:
    """Compute the log-odds that a user clicks these items as an outfit."""
    names = list(COLOURS)
    colours = np.mean([user.colours[names.index(str(item.item.colour))] for item in items])
    styles = np.mean([user.styles[STYLES.index(item.style)] for item in items])
    usage = np.mean([item.item.usage == user.usage for item in items])
    loud = np.mean([item.look.pattern not in _QUIET for item in items])
    price = np.mean([float(item.item.price or 0) for item in items])
    fits = all(item.item.gender in {user.gender, "Unisex", None} for item in items)
    taste = 1.3 * colours + 1.0 * styles + 1.2 * usage + 0.8 * user.bold * (loud - 0.3)
    taste -= user.thrift * price / _DEAR[items[0].trade]
    return float(-2.4 + taste + 4.0 * (compatibility(items) - 0.75) - 2.0 * (not fits))


def _same_weather(first: SimulatedItem, second: SimulatedItem) -> float:
    warm = {"Spring", "Summer"}
    if first.item.season == second.item.season:
        return 1.0
    return 0.6 if (first.item.season in warm) == (second.item.season in warm) else 0.1


def _usage_match(first: SimulatedItem, second: SimulatedItem) -> float:
    usages = frozenset({str(first.item.usage), str(second.item.usage)})
    return 1.0 if len(usages) == 1 else 0.1 if usages in _USAGE_CLASH else 0.6
