"""Defines the ground truth of the generated world: items, their looks, and the senders of photos.

Every item follows from its trade, seed and number alone, so that a larger world holds the smaller one's items
unchanged, and no order of work or number of processes matters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

import numpy as np

from atelier.simulate.articles import ARTICLE_TYPES, ArticleType
from atelier.simulate.furnishings import make_furnishing
from atelier.simulate.look import Look
from atelier.simulate.palette import draw_palette
from atelier.simulate.styles import VISIBLE_SHARE, garment_style
from atelier.simulate.trades import Trade
from atelier.vocabulary import Item

SOURCE = "atelier-drop"
COLLECTION_SIZE = 200
"""Items that a season's stylists combine with each other: outfits never reach across collections."""
_RELISTED_SHARE = 0.015
_BRANDS = (
    "Arden", "Bellwether", "Corvo", "Dune & Day", "Elmwood", "Fjell", "Gale", "Harrow", "Isola", "Juniper",
    "Kestrel", "Lumen", "Marl", "Northgate", "Oriel", "Pell", "Quill", "Rowan", "Saltmarsh", "Tarn",
)  # fmt: skip


class Stream(IntEnum):
    """Independent random streams: a change of drawing never changes the attributes."""

    FACTS = 0
    DRAWING = 1
    SHOPPER = 2
    SCENE = 3
    OUTFITS = 4
    CLICKS = 5
    USERS = 6
    QUERIES = 7
    STUDIO = 8
    STREET = 9
    STYLE = 10


@dataclass(frozen=True)
class SimulatedItem:
    """One product with its hidden values: its look, its style, the source of its picture."""

    number: int
    item: Item
    look: Look
    drawn_as: int
    """The number of the item whose picture this is: its own, unless it is relisted under a new id."""
    style: str
    """The true one; the item tells it mostly, not always."""
    trade: Trade = Trade.FASHION

    @property
    def article(self) -> ArticleType:
        return self.trade.articles[self.item.category]


def generator(seed: int, stream: Stream, number: int, trade: Trade = Trade.FASHION) -> np.random.Generator:
    """Return the random generator of one thing of the world."""
    more = [] if trade == Trade.FASHION else [list(Trade).index(trade)]
    return np.random.default_rng([seed, int(stream), number, *more])


def item_id(seed: int, number: int, trade: Trade = Trade.FASHION) -> str:
    return f"{trade.prefix}{seed}-{number:06d}"


@lru_cache(maxsize=100_000)
def item_of(item_id: str) -> SimulatedItem:
    """Return the item of this id, with its hidden values; ValueError where the id is of no simulated
    world.
    """
    trades = {trade.prefix: trade for trade in Trade}
    match = re.fullmatch(r"([a-z])(\d+)-(\d{6,})", item_id)
    if match is None or match[1] not in trades:
        raise ValueError(f"{item_id!r} is no id of a simulated item; expected one such as 'w0-000017'")
    return make_item(int(match[2]), int(match[3]), trades[match[1]])


def make_item(seed: int, number: int, trade: Trade = Trade.FASHION) -> SimulatedItem:
    """Make the item of this number; some are relisted, with a new id and stock for an earlier one's
    picture.
    """
    rng = generator(seed, Stream.FACTS, number, trade)
    first_of_collection = number - number % COLLECTION_SIZE
    if number > first_of_collection and rng.random() < _RELISTED_SHARE:
        original = make_item(seed, int(rng.integers(first_of_collection, number)), trade)
        item = replace(
            original.item,
            item_id=item_id(seed, number, trade),
            duplicate_group=item_id(seed, original.drawn_as, trade),
            stock=int(rng.integers(0, 60)),
        )
        return replace(original, number=number, item=item)
    new_id, style_rng = item_id(seed, number, trade), generator(seed, Stream.STYLE, number, trade)
    if trade == Trade.BEDROOM:
        item, look, style = make_furnishing(new_id, SOURCE, rng, style_rng)
    else:
        item, look, style = _make_garment(new_id, rng, style_rng)
    told = style if style_rng.random() < VISIBLE_SHARE else None
    item = replace(item, duplicate_group=new_id, style=told)
    return SimulatedItem(number, item, look, number, style, trade)


def _make_garment(
    new_id: str, rng: np.random.Generator, style_rng: np.random.Generator
) -> tuple[Item, Look, str]:
    """An item without its group, what it looks like, and its true style, which only hints tell."""
    article = _choose_article(rng)
    colour = str(rng.choice(article.colours))
    cut = {feature: str(rng.choice(values)) for feature, values in article.cuts.items()}
    look = Look(cut, str(rng.choice(article.patterns)), draw_palette(colour, rng))
    item = _facts(new_id, article, colour, look, rng)
    return item, look, garment_style(str(item.usage), look.pattern, style_rng)


def _choose_article(rng: np.random.Generator) -> ArticleType:
    articles = list(ARTICLE_TYPES.values())
    weights = np.array([article.weight for article in articles])
    return articles[int(rng.choice(len(articles), p=weights / weights.sum()))]


def _facts(new_id: str, article: ArticleType, colour: str, look: Look, rng: np.random.Generator) -> Item:
    gender, usage = str(rng.choice(article.genders)), str(rng.choice(article.usages))
    brand = int(rng.integers(len(_BRANDS)))
    low, high = article.price
    # Brands keep to their own level of prices: the later in the list, the dearer.
    level = np.clip(rng.beta(2, 4) * 0.6 + 0.4 * brand / (len(_BRANDS) - 1), 0, 1)
    num_reviews = int(rng.negative_binomial(1, 0.04))
    return Item(
        item_id=new_id,
        title=_title(_BRANDS[brand], gender, colour, look, article),
        category=article.name,
        source=SOURCE,
        subcategory=article.subcategory,
        department=article.department,
        gender=gender,
        colour=colour,
        season=str(rng.choice(article.seasons)),
        year=int(rng.integers(2023, 2027)),
        usage=usage,
        price=round(round(float(low * (high / low) ** level)) - 0.01, 2),
        rating=round(float(np.clip(5 - rng.gamma(2.2, 0.42), 1, 5)), 1) if num_reviews else None,
        num_reviews=num_reviews,
        stock=int(rng.integers(0, 120)),
    )


def _title(brand: str, gender: str, colour: str, look: Look, article: ArticleType) -> str:
    """'Fjell Women Navy Blue Dotted V Neck Long Sleeve Dress'."""
    words = [brand, gender, colour]
    if look.pattern not in {"plain", "denim"}:
        words.append(look.pattern.title())
    for feature, value in look.cut.items():
        if value in {"no", "none", "plain", "closed", "clean"}:
            continue
        words.append(f"{value} {feature}" if feature in {"neck", "sleeve", "heel", "dial"} else value)
    return " ".join(
        [*(word[0].upper() + word[1:] for word in " ".join(words).split()), article.singular.title()]
    )
