"""The nouns that travel between rooms: plain values, no torch and no I/O.

`Item`, `Photo`, `Region`, `Outfit`, `CategorySet` and `Click` are also the rows of the tables under
`data/tables/`, `Judgment` and `Preference` of those under `judgments/`: a table's columns are the fields of
its class, in this order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Split(StrEnum):
    """Train, validation or test split; decided once, from a hash of the group."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Maker(StrEnum):
    """The source of an outfit: an expert or a generator."""

    EXPERT = "expert"
    GENERATOR = "generator"


class PhotoKind(StrEnum):
    """The kind of a photo."""

    CATALOGUE = "catalogue"
    """The shop's own photo of one item, mostly on a plain background."""
    SHOPPER = "shopper"
    """Somebody's photo of one garment: cluttered, dark, tilted."""
    STREET = "street"
    """A person in a whole outfit, out of doors."""
    MASK = "mask"
    """Label indices of a street photo, as an 8-bit PNG of the same size; its `photo_id` ends in `/mask`."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright picture; `x1` and `y1` are exclusive."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not (self.x0 < self.x1 and self.y0 < self.y1):
            raise ValueError(f"a box needs x0 < x1 and y0 < y1, not {self.as_tuple()}")

    def as_tuple(self) -> tuple[float, float, float, float]:
        return (self.x0, self.y0, self.x1, self.y1)


@dataclass(frozen=True, slots=True)
class Item:
    """One product of the catalogue. Only id, title, category and source are always known."""

    item_id: str
    title: str
    category: str
    """The article type: 'Tshirts', 'Watches'."""
    source: str
    """The layout it came from: 'fashion-product-images'."""
    subcategory: str | None = None
    department: str | None = None
    """The widest class: 'Apparel', 'Footwear'."""
    gender: str | None = None
    colour: str | None = None
    season: str | None = None
    year: int | None = None
    usage: str | None = None
    style: str | None = None
    """'Minimal', 'Boho', 'Rustic'."""
    scene: str | None = None
    """Where it is for: 'Office', 'Beach', 'Mountain'."""
    shop: str | None = None
    """Who sells it, where the catalogue is of several shops."""
    price: float | None = None
    rating: float | None = None
    """Mean of the reviews, 0 to 5."""
    num_reviews: int | None = None
    stock: int | None = None
    duplicate_group: str | None = None
    """Items with the same value show the very same product."""
    split: str | None = None
    """A `Split`; None until the row was accepted."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture and where its bytes lie: `num_bytes` at `offset` of `data/pictures/<shard>`."""

    photo_id: str
    item_id: str | None
    """The item it shows, where that is known."""
    kind: str
    """A `PhotoKind`."""
    source: str
    category: str | None = None
    """For a photo without an item: what its sender says it shows."""
    sender: str | None = None
    """Who took it; one sender's photos stay on one side of a split."""
    x0: float | None = None
    y0: float | None = None
    x1: float | None = None
    y1: float | None = None
    """The true box of the item, all four or none."""
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    """Digest of the stored bytes."""
    phash: str | None = None
    """64-bit perceptual hash, 16 hexadecimal digits."""
    shard: str | None = None
    offset: int | None = None
    num_bytes: int | None = None
    split: str | None = None

    @property
    def box(self) -> Box | None:
        """The true box of the item, where it is known."""
        if self.x0 is None or self.y0 is None or self.x1 is None or self.y1 is None:
            return None
        return Box(self.x0, self.y0, self.x1, self.y1)


@dataclass(frozen=True, slots=True)
class Region:
    """A labelled part of a street photo."""

    photo_id: str
    label: str
    x0: float
    y0: float
    x1: float
    y1: float
    num_pixels: int | None = None
    mask_value: int | None = None
    """The number that stands for it in the photo's mask."""


@dataclass(frozen=True, slots=True)
class Outfit:
    """Items that go together, in the order of its maker."""

    outfit_id: str
    item_ids: tuple[str, ...]
    source: str
    title: str | None = None
    likes: int | None = None
    made_by: str | None = None
    """A `Maker`, where that is known."""
    split: str | None = None
    """A `Split`; None until the row was accepted."""


@dataclass(frozen=True, slots=True)
class CategorySet:
    """The categories of a set of which nothing else is known."""

    set_id: str
    categories: tuple[str, ...]
    """In the order of its maker; one may stand there twice."""
    source: str
    split: str | None = None
    """A `Split`; None until the row was accepted."""


_UNNAMED = r"\s/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd"
_NEVER_IN_AN_ID = r"\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd"
USER_ID = rf"\A[^{_UNNAMED}](?:[^{_NEVER_IN_AN_ID}]{{0,198}}[^{_UNNAMED}])?\Z"
"""What names a user, in drops, requests and commands alike: one line of 1 to 200 characters. The first and
the last are neither space nor slash, so that an address with a slash behind it names nobody else."""
USER_ID_EXPECTED = "1 to 200 characters of one line, without a space or a slash at either end"


def is_user_id(text: str) -> bool:
    """Check that a text can name a user. The door where ids come in asks; nothing behind it does again."""
    return re.match(USER_ID, text) is not None


@dataclass(frozen=True, slots=True)
class Click:
    """One showing of an outfit to one user, and whether it was clicked."""

    click_id: str
    user_id: str
    outfit_id: str
    clicked: bool
    source: str
    shown_at: str | None = None
    """ISO 8601, UTC."""
    propensity: float | None = None
    """Probability with which the outfit was shown, 0 to 1; off-policy estimates need it."""
    history: tuple[str, ...] | None = None
    """Items that the user had clicked before, the latest last."""


TABLES: dict[str, type] = {
    "items": Item,
    "photos": Photo,
    "regions": Region,
    "outfits": Outfit,
    "category_sets": CategorySet,
    "clicks": Click,
}
"""Every table under `data/tables/`, by name, with the class of its rows."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """One reviewer's grade of one item among the answers to one search."""

    review_id: str
    reviewer: str
    query_digest: str
    """Of what was asked, photo and box: another photo of the same item is another search."""
    query_id: str
    kind: str
    """Of the search: 'reshot', 'street', 'shopper'."""
    item_id: str
    verdict: str
    """'same', 'similar' or 'wrong'."""
    weight: float
    """Searches of the examination that this one stands for in its review, 1 or more."""
    judged_at: str
    """ISO 8601, UTC; of two judgments with the same key the later one counts."""
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Preference:
    """One reviewer's preference between two models' answers to one search."""

    review_id: str
    reviewer: str
    query_digest: str
    query_id: str
    kind: str
    champion: str
    """How the two were called: 'retrieval 3'."""
    challenger: str
    better: str
    """'champion', 'challenger' or 'equal'."""
    weight: float
    """As in `Judgment`."""
    judged_at: str
    recorded_at: str


REVIEW_TABLES: dict[str, type] = {"judgments": Judgment, "preferences": Preference}
"""The tables under `judgments/`: no data version holds them, for no model is trained on them."""

ROW_CLASSES: dict[str, type] = TABLES | REVIEW_TABLES
"""Every table, by name, with the class of its rows."""

KEYS: dict[str, tuple[str, ...]] = {
    "items": ("item_id",),
    "photos": ("photo_id",),
    "regions": ("photo_id", "label"),
    "outfits": ("outfit_id",),
    "category_sets": ("set_id",),
    "clicks": ("click_id",),
    "judgments": ("reviewer", "query_digest", "item_id"),
    "preferences": ("reviewer", "review_id", "query_digest"),
}
"""The columns that name a row of each table."""
