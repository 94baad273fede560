"""The truth of the generated world: which items there are, what they look like, who photographs them.

Every item follows from `(seed, number)` alone, so that a larger world holds the smaller one's items
unchanged, and no order of work or number of processes matters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from atelier.simulate.articles import ARTICLE_TYPES, ArticleType
from atelier.simulate.look import Look
from atelier.simulate.palette import draw_palette
from atelier.vocabulary import Item

__all__ = ["ARTICLE_TYPES", "COLLECTION_SIZE", "SOURCE", "SimulatedItem", "Stream", "generator", "make_item"]

SOURCE = "atelier-drop"
COLLECTION_SIZE = 200
"""Items that a season's stylists combine with each other: outfits never reach across collections."""
_RELISTED_SHARE = 0.015
_BRANDS = (
    "Arden", "Bellwether", "Corvo", "Dune & Day", "Elmwood", "Fjell", "Gale", "Harrow", "Isola", "Juniper",
    "Kestrel", "Lumen", "Marl", "Northgate", "Oriel", "Pell", "Quill", "Rowan", "Saltmarsh", "Tarn",
)  # fmt: skip


class Stream(IntEnum):
    """Independent sources of chance: drawing differently never changes the facts."""

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


@dataclass(frozen=True)
class SimulatedItem:
    """One product with what is hidden from a learner: its look, and the number its picture is drawn from."""

    number: int
    item: Item
    look: Look
    drawn_as: int
    """The number of the item whose picture this is: its own, unless it is relisted under a new id."""

    @property
    def article(self) -> ArticleType:
        return ARTICLE_TYPES[self.item.category]


def generator(seed: int, stream: Stream, number: int) -> np.random.Generator:
    """The chance that belongs to one thing of the world."""
    return np.random.default_rng([seed, int(stream), number])


def item_id(seed: int, number: int) -> str:
    return f"w{seed}-{number:06d}"


def make_item(seed: int, number: int) -> SimulatedItem:
    """The item of this number; some are relisted, with a new id and stock for an earlier one's picture."""
    rng = generator(seed, Stream.FACTS, number)
    first_of_collection = number - number % COLLECTION_SIZE
    if number > first_of_collection and rng.random() < _RELISTED_SHARE:
        original = make_item(seed, int(rng.integers(first_of_collection, number)))
        item = replace(
            original.item,
            item_id=item_id(seed, number),
            duplicate_group=item_id(seed, original.drawn_as),
            stock=int(rng.integers(0, 60)),
        )
        return SimulatedItem(number, item, original.look, original.drawn_as)
    article = _choose_article(rng)
    colour = str(rng.choice(article.colours))
    cut = {feature: str(rng.choice(values)) for feature, values in article.cuts.items()}
    look = Look(cut, str(rng.choice(article.patterns)), draw_palette(colour, rng))
    item = _facts(item_id(seed, number), article, colour, look, rng)
    return SimulatedItem(number, replace(item, duplicate_group=item.item_id), look, number)


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
