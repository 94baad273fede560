"""What goes together and who likes what: the hidden rules behind outfits and clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from atelier.simulate.articles import Slot
from atelier.simulate.palette import COLOURS, harmony
from atelier.simulate.world import COLLECTION_SIZE, SOURCE, SimulatedItem, Stream, generator
from atelier.vocabulary import Click, Outfit

NUM_USERS = 120
SHOWINGS_PER_ITEM = 2
_QUIET = frozenset({"plain", "heather", "denim", "knit", "gradient"})
_USAGE_CLASH = frozenset({frozenset({"Sports", "Formal"}), frozenset({"Sports", "Party"})})
_EXPLORATION = 0.25
"""Share of showings that the shop draws evenly; the rest follow popularity."""
_FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class User:
    """A person with a taste of which only clicks are seen."""

    user_id: str
    gender: str
    colours: NDArray[np.float64]
    """Liking of each name of `COLOURS`, around 0."""
    usage: str
    bold: float
    """Liking of patterns, around 0."""
    thrift: float
    """Dislike of high prices, 0 and more."""


@dataclass(frozen=True)
class StyledOutfit:
    """An outfit with its items and what the hidden rules think of it."""

    number: int
    """Its own in its world: what its street photo is drawn from."""
    outfit: Outfit
    items: tuple[SimulatedItem, ...]
    compatibility: float


def compatibility(items: Sequence[SimulatedItem]) -> float:
    """How well items go together, 0 to 1: colours in harmony, one season, one usage, few loud patterns."""
    pairs = list(combinations(items, 2))
    if not pairs:
        return 1.0
    colours = np.mean([harmony(str(a.item.colour), str(b.item.colour)) for a, b in pairs])
    seasons = np.mean([_same_weather(a, b) for a, b in pairs])
    usages = np.mean([_usage_match(a, b) for a, b in pairs])
    loud = sum(item.look.pattern not in _QUIET for item in items)
    return float(0.45 * colours + 0.2 * seasons + 0.25 * usages + 0.1 * (loud <= 1))


def style_collection(seed: int, collection: Sequence[SimulatedItem]) -> list[StyledOutfit]:
    """Outfits from the items of one collection, or as much of it as there is: about one for five items.

    Their ids name that part too: when more of a collection arrives, new outfits join those that were.
    """
    rng = generator(seed, Stream.OUTFITS, _number(collection))
    originals = [item for item in collection if item.drawn_as == item.number]
    styled = []
    for position in range(len(collection) // 5):
        items = _combine(originals, rng)
        if items is None:
            continue
        score = compatibility(items)
        outfit = _outfit(f"w{seed}-o{_name(collection)}-{position:03d}", items, score, rng)
        number = _number(collection) * COLLECTION_SIZE + position
        styled.append(StyledOutfit(number, outfit, items, score))
    return styled


def make_user(seed: int, number: int) -> User:
    rng = generator(seed, Stream.USERS, number)
    return User(
        user_id=f"w{seed}-u{number:04d}",
        gender=str(rng.choice(["Men", "Women"])),
        colours=rng.normal(0, 1, size=len(COLOURS)),
        usage=str(rng.choice(["Casual", "Formal", "Sports", "Party"])),
        bold=float(rng.normal(0, 1)),
        thrift=float(rng.gamma(2, 0.3)),
    )


def liking(user: User, outfit: StyledOutfit) -> float:
    """How much a user likes an outfit, as log-odds of a click without position or chance."""
    names = list(COLOURS)
    items = outfit.items
    colours = np.mean([user.colours[names.index(str(item.item.colour))] for item in items])
    usage = np.mean([item.item.usage == user.usage for item in items])
    loud = np.mean([item.look.pattern not in _QUIET for item in items])
    price = np.mean([float(item.item.price or 0) for item in items])
    same_gender = all(item.item.gender in {user.gender, "Unisex"} for item in items)
    taste = 1.6 * colours + 1.2 * usage + 0.8 * user.bold * (loud - 0.3) - user.thrift * price / 200
    return float(-2.4 + taste + 4.0 * (outfit.compatibility - 0.75) - 2.0 * (not same_gender))


def show_collection(
    seed: int, collection: Sequence[SimulatedItem], outfits: Sequence[StyledOutfit]
) -> list[Click]:
    """Showings of a collection's outfits to users, each with the probability it was chosen with.

    The shop shows an outfit drawn by popularity, and now and then any of them: an off-policy estimate needs
    both the probabilities and some exploration.
    """
    if not outfits:
        return []
    rng = generator(seed, Stream.CLICKS, _number(collection))
    popularity = np.array([np.log1p(float(styled.outfit.likes or 0)) for styled in outfits])
    popular = np.exp(popularity - popularity.max())
    policy = (1 - _EXPLORATION) * popular / popular.sum() + _EXPLORATION / len(outfits)
    start = _FIRST_DAY + timedelta(days=14 * (collection[0].number // COLLECTION_SIZE))
    seconds = np.sort(rng.integers(0, 14 * 86_400, size=len(collection) * SHOWINGS_PER_ITEM))
    clicks = []
    for position, second in enumerate(seconds):
        user = make_user(seed, int(rng.integers(NUM_USERS)))
        chosen = int(rng.choice(len(outfits), p=policy))
        probability = 1 / (1 + np.exp(-liking(user, outfits[chosen])))
        clicks.append(
            Click(
                click_id=f"w{seed}-c{_name(collection)}-{position:04d}",
                user_id=user.user_id,
                outfit_id=outfits[chosen].outfit.outfit_id,
                shown_at=(start + timedelta(seconds=int(second))).strftime("%Y-%m-%dT%H:%M:%SZ"),
                clicked=bool(rng.random() < probability),
                propensity=round(float(policy[chosen]), 6),
                source=SOURCE,
            )
        )
    return clicks


def _name(collection: Sequence[SimulatedItem]) -> str:
    return f"{collection[0].number:06d}x{len(collection)}"


def _number(collection: Sequence[SimulatedItem]) -> int:
    return collection[0].number * (COLLECTION_SIZE + 1) + len(collection)


def _combine(items: Sequence[SimulatedItem], rng: np.random.Generator) -> tuple[SimulatedItem, ...] | None:
    """Take a first piece, then fill the slots around it, each with the best of a few at hand."""
    gender = "Women" if rng.random() < 0.55 else "Men"
    worn = [item for item in items if item.item.gender in {gender, "Unisex"}]
    whole = gender == "Women" and rng.random() < 0.35
    slots = [Slot.WHOLE] if whole else [Slot.TOP, Slot.BOTTOM]
    slots.append(Slot.SHOES)
    slots += [
        slot
        for slot, share in ((Slot.OUTER, 0.35), (Slot.BAG, 0.55), (Slot.EXTRA, 0.7), (Slot.EXTRA, 0.3))
        if rng.random() < share
    ]
    chosen: list[SimulatedItem] = []
    for slot in slots:
        taken = {item.item.category for item in chosen}
        at_hand = [item for item in worn if item.article.slot == slot and item.item.category not in taken]
        if not at_hand:
            if slot in {Slot.OUTER, Slot.BAG, Slot.EXTRA}:
                continue
            return None
        few = [at_hand[int(i)] for i in rng.integers(len(at_hand), size=8 if chosen else 1)]
        chosen.append(max(few, key=lambda item: compatibility([*chosen, item])))
    return tuple(chosen)


def _outfit(outfit_id: str, items: Sequence[SimulatedItem], score: float, rng: np.random.Generator) -> Outfit:
    first = items[0].item
    likes = int(rng.poisson(np.exp(1.0 + 6.0 * (score - 0.7) + rng.normal(0, 0.5))))
    colours = list(dict.fromkeys(str(item.item.colour) for item in items))[:2]
    title = f"{first.season} {str(first.usage).lower()}: {' and '.join(colours).lower()}"
    return Outfit(outfit_id, tuple(item.item.item_id for item in items), SOURCE, title, likes)


def _same_weather(first: SimulatedItem, second: SimulatedItem) -> float:
    warm = {"Spring", "Summer"}
    if first.item.season == second.item.season:
        return 1.0
    return 0.6 if (first.item.season in warm) == (second.item.season in warm) else 0.1


def _usage_match(first: SimulatedItem, second: SimulatedItem) -> float:
    usages = frozenset({str(first.item.usage), str(second.item.usage)})
    return 1.0 if len(usages) == 1 else 0.1 if usages in _USAGE_CLASH else 0.6
