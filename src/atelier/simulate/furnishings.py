"""Defines the article types of a bedroom: their looks and prices, and the colours of each style."""

from __future__ import annotations

import numpy as np

from atelier.simulate.articles import ArticleType, Slot
from atelier.simulate.look import Look
from atelier.simulate.palette import draw_palette
from atelier.simulate.styles import BEDROOM_STYLES
from atelier.vocabulary import Item

SHOPS = ("Alderhome", "Bright & Low", "Nordlys", "Kontor 9")
_RANGES = (
    "Aspen", "Brae", "Coll", "Dale", "Eyre", "Fern", "Glen", "Holm", "Iona", "Jura", "Kelso", "Lorne",
)  # fmt: skip
_WOODS: dict[str, tuple[str, ...]] = {
    "Rustic": ("Brown", "Brown", "Tan", "Olive"),
    "Modern": ("Black", "White", "Grey", "Navy Blue"),
    "Classic": ("Cream", "White", "Maroon", "Brown"),
    "Scandinavian": ("Beige", "Beige", "White", "Tan"),
    "Industrial": ("Black", "Grey", "Brown"),
}
_TEXTILES: dict[str, tuple[str, ...]] = {
    "Rustic": ("Brown", "Olive", "Mustard", "Maroon", "Beige"),
    "Modern": ("Black", "Grey", "Teal", "Mustard", "White"),
    "Classic": ("Navy Blue", "Maroon", "Cream", "Lavender", "Green"),
    "Scandinavian": ("Beige", "Light Blue", "Pink", "Grey", "White"),
    "Industrial": ("Grey", "Black", "Orange", "Brown", "Teal"),
}
"""Colours of things of wood and of things of cloth, by style."""
_PATTERNS: dict[str, tuple[str, ...]] = {
    "Rustic": ("tartan", "knit", "checked", "heather"),
    "Modern": ("plain", "plain", "geometric", "colour-block"),
    "Classic": ("plain", "floral", "striped", "dotted"),
    "Scandinavian": ("plain", "heather", "zigzag", "striped"),
    "Industrial": ("plain", "heather", "heather", "checked"),
}
"""Of cloth, by style."""
_CLOTH = "Textiles"

FURNISHINGS: dict[str, ArticleType] = {
    article.name: article
    for article in (
        ArticleType(
            "Beds", "bed", "Furniture", "Sleeping", Slot.BED, (190, 1490), 1.6,
            {"headboard": ("panelled", "slatted", "upholstered"), "width": ("single", "double", "double")},
        ),
        ArticleType(
            "Daybeds", "daybed", "Furniture", "Sleeping", Slot.BED, (150, 890), 0.7,
            {"sides": ("two-sided", "three-sided")},
        ),
        ArticleType(
            "Bedside Tables", "bedside table", "Furniture", "Storage", Slot.BEDSIDE, (29, 320), 1.4,
            {"front": ("one-drawer", "two-drawer", "open")},
        ),
        ArticleType(
            "Stools", "stool", "Furniture", "Seating", Slot.BEDSIDE, (25, 160), 0.9,
            {"seat": ("round", "square", "padded")},
        ),
        ArticleType(
            "Table Lamps", "table lamp", "Lighting", "Lamps", Slot.LAMP, (19, 240), 1.3,
            {"shade": ("cone", "drum", "globe")},
        ),
        ArticleType(
            "Floor Lamps", "floor lamp", "Lighting", "Lamps", Slot.LAMP, (39, 390), 1.0,
            {"foot": ("tripod", "arc", "straight")},
        ),
        ArticleType(
            "Prints", "print", "Decoration", "Wall", Slot.WALL, (12, 150), 1.2,
            {"motif": ("botanical", "abstract", "landscape")},
        ),
        ArticleType(
            "Paintings", "painting", "Decoration", "Wall", Slot.WALL, (60, 690), 0.8,
            {"motif": ("landscape", "abstract", "still life")},
        ),
        ArticleType(
            "Mirrors", "mirror", "Decoration", "Wall", Slot.WALL, (29, 350), 0.9,
            {"shape": ("round", "arched", "rectangular")},
        ),
        ArticleType(
            "Rugs", "rug", "Textiles", "Floor", Slot.TEXTILE, (39, 690), 1.0,
            {"shape": ("rectangular", "rectangular", "round"), "edge": ("fringed", "bordered")},
        ),
        ArticleType(
            "Throws", "throw", "Textiles", "Bedding", Slot.TEXTILE, (15, 140), 0.9,
            {"ends": ("fringed", "hemmed")},
        ),
        ArticleType(
            "Cushions", "cushion", "Textiles", "Bedding", Slot.TEXTILE, (9, 80), 1.1,
            {"trim": ("piped", "tasselled", "clean")},
        ),
    )
}  # fmt: skip
"""Every article type by its name, which is its items' `category`."""


def make_furnishing(
    new_id: str, source: str, rng: np.random.Generator, style_rng: np.random.Generator
) -> tuple[Item, Look, str]:
    """Make an item without its group, with its look and its true style, which its look follows."""
    articles = list(FURNISHINGS.values())
    weights = np.array([article.weight for article in articles])
    article = articles[int(rng.choice(len(articles), p=weights / weights.sum()))]
    style = str(style_rng.choice(BEDROOM_STYLES))
    is_cloth = article.department == _CLOTH
    colour = str(rng.choice((_TEXTILES if is_cloth else _WOODS)[style]))
    cut = {feature: str(rng.choice(values)) for feature, values in article.cuts.items()} | {"make": style}
    look = Look(cut, str(rng.choice(_PATTERNS[style])) if is_cloth else "plain", draw_palette(colour, rng))
    return _facts(new_id, source, article, colour, look, rng), look, style


def _facts(
    new_id: str, source: str, article: ArticleType, colour: str, look: Look, rng: np.random.Generator
) -> Item:
    shop = int(rng.integers(len(SHOPS)))
    low, high = article.price
    # Shops keep to their own level of prices: the later in the list, the dearer.
    level = np.clip(rng.beta(2, 3) * 0.7 + 0.3 * shop / (len(SHOPS) - 1), 0, 1)
    num_reviews = int(rng.negative_binomial(1, 0.04))
    return Item(
        item_id=new_id,
        title=_title(str(rng.choice(_RANGES)), colour, look, article),
        category=article.name,
        source=source,
        subcategory=article.subcategory,
        department=article.department,
        colour=colour,
        year=int(rng.integers(2023, 2027)),
        shop=SHOPS[shop],
        price=round(round(float(low * (high / low) ** level)) - 0.01, 2),
        rating=round(float(np.clip(5 - rng.gamma(2.2, 0.42), 1, 5)), 1) if num_reviews else None,
        num_reviews=num_reviews,
        stock=int(rng.integers(0, 120)),
    )


def _title(name: str, colour: str, look: Look, article: ArticleType) -> str:
    """'Fern Brown Slatted Double Bed'; the style is not in it, for it is to be seen."""
    words = [value for feature, value in look.cut.items() if feature != "make" and value != "clean"]
    pattern = [] if look.pattern == "plain" else [look.pattern]
    return f"{name} {colour} " + " ".join([*pattern, *words, article.singular]).title()
