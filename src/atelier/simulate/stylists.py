"""Simulates the outfits of a collection, and the clicks on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from atelier.simulate.articles import Slot
from atelier.simulate.furnishings import SHOPS
from atelier.simulate.taste import compatibility, liking, make_user, probability
from atelier.simulate.trades import Trade
from atelier.simulate.world import COLLECTION_SIZE, SOURCE, SimulatedItem, Stream, generator
from atelier.vocabulary import Click, Outfit

NUM_USERS = 120
SHOWINGS_PER_ITEM = 2
_AT_HAND = 8
"""Pieces that a stylist compares for each place."""
_EXPLORATION = 0.25
"""Share of showings that the shop draws evenly; the rest follow popularity."""
_FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_OPTIONAL = frozenset({Slot.OUTER, Slot.BAG, Slot.EXTRA, Slot.TEXTILE})


@dataclass(frozen=True)
class StyledOutfit:
    """An outfit with its items and its compatibility under the hidden rules."""

    number: int
    """Its own in its world: what its street photo is drawn from."""
    outfit: Outfit
    items: tuple[SimulatedItem, ...]
    compatibility: float


def style_collection(seed: int, collection: Sequence[SimulatedItem]) -> list[StyledOutfit]:
    """Compose outfits from the items of one collection, as far as it exists: about one for five items.

    Their ids name that part too: when more of a collection arrives, new outfits join those that were.
    """
    trade = collection[0].trade
    rng = generator(seed, Stream.OUTFITS, _number(collection), trade)
    originals = [item for item in collection if item.drawn_as == item.number]
    styled = []
    for position in range(len(collection) // 5):
        items = (_combine if trade == Trade.FASHION else _furnish)(originals, rng)
        if items is None:
            continue
        score = compatibility(items)
        outfit = _outfit(f"{trade.prefix}{seed}-o{_name(collection)}-{position:03d}", items, score, rng)
        number = _number(collection) * COLLECTION_SIZE + position
        styled.append(StyledOutfit(number, outfit, items, score))
    return styled


def show_collection(
    seed: int, collection: Sequence[SimulatedItem], outfits: Sequence[StyledOutfit]
) -> list[Click]:
    """Show a collection's outfits to users, each with the probability it was chosen with.

    The shop shows an outfit drawn by popularity, and now and then any of them: an off-policy estimate needs
    both the probabilities and some exploration.
    """
    if not outfits:
        return []
    trade = collection[0].trade
    rng = generator(seed, Stream.CLICKS, _number(collection), trade)
    popularity = np.array([np.log1p(float(styled.outfit.likes or 0)) for styled in outfits])
    popular = np.exp(popularity - popularity.max())
    policy = (1 - _EXPLORATION) * popular / popular.sum() + _EXPLORATION / len(outfits)
    start = _FIRST_DAY + timedelta(days=14 * (collection[0].number // COLLECTION_SIZE))
    seconds = np.sort(rng.integers(0, 14 * 86_400, size=len(collection) * SHOWINGS_PER_ITEM))
    clicks = []
    for position, second in enumerate(seconds):
        user = make_user(seed, int(rng.integers(NUM_USERS)))
        chosen = int(rng.choice(len(outfits), p=policy))
        clicks.append(
            Click(
                click_id=f"{trade.prefix}{seed}-c{_name(collection)}-{position:04d}",
                user_id=user.user_id,
                outfit_id=outfits[chosen].outfit.outfit_id,
                shown_at=(start + timedelta(seconds=int(second))).strftime("%Y-%m-%dT%H:%M:%SZ"),
                clicked=bool(rng.random() < probability(liking(user, outfits[chosen].items))),
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
    """What one person wears: the slots of an outfit."""
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
    return _filled(slots, worn, rng)


def _furnish(items: Sequence[SimulatedItem], rng: np.random.Generator) -> tuple[SimulatedItem, ...] | None:
    """A bedroom from one shop."""
    shop = str(rng.choice(SHOPS))
    slots = [Slot.BED, Slot.BEDSIDE, Slot.LAMP, Slot.WALL]
    slots += [Slot.TEXTILE] * int(rng.integers(0, 3))
    return _filled(slots, [item for item in items if item.item.shop == shop], rng)


def _filled(
    slots: Sequence[Slot], items: Sequence[SimulatedItem], rng: np.random.Generator
) -> tuple[SimulatedItem, ...] | None:
    """A first piece, then each place around it with the best of a few at hand; no category twice."""
    chosen: list[SimulatedItem] = []
    for slot in slots:
        taken = {item.item.category for item in chosen}
        at_hand = [item for item in items if item.article.slot == slot and item.item.category not in taken]
        if not at_hand:
            if slot in _OPTIONAL:
                continue
            return None
        few = [at_hand[int(i)] for i in rng.integers(len(at_hand), size=_AT_HAND if chosen else 1)]
        chosen.append(max(few, key=lambda item: compatibility([*chosen, item])))
    return tuple(chosen)


def _outfit(outfit_id: str, items: Sequence[SimulatedItem], score: float, rng: np.random.Generator) -> Outfit:
    first = items[0].item
    likes = int(rng.poisson(np.exp(1.0 + 6.0 * (score - 0.7) + rng.normal(0, 0.5))))
    colours = " and ".join(list(dict.fromkeys(str(item.item.colour) for item in items))[:2]).lower()
    what = f"{first.season} {str(first.usage).lower()}" if first.usage else f"{first.style or 'New'} bedroom"
    item_ids = tuple(item.item.item_id for item in items)
    return Outfit(outfit_id, item_ids, SOURCE, f"{what}: {colours}", likes, made_by="expert")
