"""Defines the article types of fashion: their looks, prices, and combinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from atelier.simulate.palette import COLOURS, LEATHERS


class Slot(StrEnum):
    """The place an article takes in an outfit, or in a bedroom."""

    TOP = "top"
    BOTTOM = "bottom"
    WHOLE = "whole"
    OUTER = "outer"
    SHOES = "shoes"
    BAG = "bag"
    EXTRA = "extra"
    BED = "bed"
    BEDSIDE = "bedside"
    LAMP = "lamp"
    WALL = "wall"
    TEXTILE = "textile"


@dataclass(frozen=True)
class ArticleType:
    """One kind of product."""

    name: str
    singular: str
    department: str
    subcategory: str
    slot: Slot
    price: tuple[float, float]
    weight: float = 1.0
    """How common it is in the catalogue."""
    cuts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Choices of its drawing, evenly drawn; a value named twice is twice as common."""
    patterns: tuple[str, ...] = ("plain",)
    colours: tuple[str, ...] = tuple(COLOURS)
    genders: tuple[str, ...] = ("Men", "Women", "Unisex")
    usages: tuple[str, ...] = ("Casual",)
    seasons: tuple[str, ...] = ("Spring", "Summer", "Fall", "Winter")


_PRINTED = (
    "plain",
    "plain",
    "striped",
    "heather",
    "colour-block",
    "dotted",
    "geometric",
    "camouflage",
    "gradient",
)
_FESTIVE = ("plain", "floral", "floral", "dotted", "striped", "gradient", "leopard", "geometric", "checked")
_NECKS = ("round", "round", "v", "boat")
_WARM, _COLD = ("Spring", "Summer"), ("Fall", "Winter")
_MEN, _WOMEN = ("Men",), ("Women",)
_DENIM = ("Blue", "Navy Blue", "Light Blue", "Black", "Grey", "White", "Blue", "Olive", "Maroon")

ARTICLE_TYPES: dict[str, ArticleType] = {
    article.name: article
    for article in (
        ArticleType(
            "Tshirts", "T-shirt", "Apparel", "Topwear", Slot.TOP, (9, 39), 3.0,
            {"neck": (*_NECKS, "polo"), "sleeve": ("short", "short", "short", "three-quarter", "long"),
             "print": ("no", "word", "picture", "picture", "badge")},
            _PRINTED, usages=("Casual", "Sports"),
        ),
        ArticleType(
            "Shirts", "shirt", "Apparel", "Topwear", Slot.TOP, (19, 89), 2.2,
            {"sleeve": ("long", "long", "short")},
            ("plain", "plain", "checked", "tartan", "pinstriped", "striped", "dotted", "denim", "floral"),
            genders=("Men", "Men", "Women"), usages=("Casual", "Formal"),
        ),
        ArticleType(
            "Tops", "top", "Apparel", "Topwear", Slot.TOP, (12, 59), 1.8,
            {"neck": (*_NECKS, "deep"), "sleeve": ("strap", "none", "cap", "short", "three-quarter"),
             "detail": ("none", "none", "frill", "belted")},
            _FESTIVE, genders=_WOMEN, seasons=(*_WARM, *_WARM, "Fall"),
        ),
        ArticleType(
            "Sweaters", "sweater", "Apparel", "Topwear", Slot.TOP, (29, 139), 1.1,
            {"neck": ("round", "v", "turtle"), "front": ("closed", "closed", "buttoned")},
            ("knit", "knit", "zigzag", "striped", "heather", "geometric", "plain"), seasons=_COLD,
        ),
        ArticleType(
            "Sweatshirts", "sweatshirt", "Apparel", "Topwear", Slot.TOP, (25, 79), 1.1,
            {"hood": ("hooded", "plain"), "front": ("closed", "closed", "zipped"),
             "print": ("no", "word", "picture")},
            ("plain", "plain", "heather", "colour-block", "camouflage", "gradient"),
            usages=("Casual", "Sports"),
            seasons=("Spring", *_COLD),
        ),
        ArticleType(
            "Jackets", "jacket", "Apparel", "Topwear", Slot.OUTER, (49, 299), 1.3,
            {"style": ("bomber", "puffer", "blazer", "biker")},
            ("plain", "plain", "plain", "heather", "checked", "denim", "camouflage"),
            usages=("Casual", "Formal", "Sports"), seasons=("Spring", *_COLD),
        ),
        ArticleType(
            "Coats", "coat", "Apparel", "Topwear", Slot.OUTER, (89, 399), 0.8,
            {"buttons": ("single", "double"), "belt": ("open", "belted")},
            ("plain", "plain", "heather", "tartan", "checked", "pinstriped"), usages=("Casual", "Formal"),
            seasons=_COLD,
        ),
        ArticleType(
            "Dresses", "dress", "Apparel", "Dress", Slot.WHOLE, (29, 229), 2.0,
            {"length": ("mini", "midi", "midi", "maxi"), "skirt": ("fitted", "a-line", "flared"),
             "neck": (*_NECKS, "deep"), "sleeve": ("strap", "none", "cap", "short", "three-quarter", "long")},
            _FESTIVE, genders=_WOMEN, usages=("Casual", "Formal", "Party"), seasons=(*_WARM, *_WARM, "Fall"),
        ),
        ArticleType(
            "Jeans", "jeans", "Apparel", "Bottomwear", Slot.BOTTOM, (29, 129), 1.6,
            {"fit": ("skinny", "straight", "flared"), "finish": ("clean", "clean", "ripped", "cuffed")},
            ("denim",), _DENIM,
        ),
        ArticleType(
            "Trousers", "trousers", "Apparel", "Bottomwear", Slot.BOTTOM, (29, 149), 1.3,
            {"fit": ("slim", "straight", "wide"), "front": ("creased", "creased", "cargo", "drawstring")},
            ("plain", "plain", "plain", "checked", "pinstriped", "tartan", "heather"),
            usages=("Formal", "Casual"),
        ),
        ArticleType(
            "Leggings", "leggings", "Apparel", "Bottomwear", Slot.BOTTOM, (15, 69), 0.7,
            {"length": ("full", "full", "cropped"), "side": ("plain", "banded")},
            ("plain", "plain", "geometric", "leopard", "floral", "heather", "gradient"),
            genders=_WOMEN, usages=("Sports", "Casual"),
        ),
        ArticleType(
            "Shorts", "shorts", "Apparel", "Bottomwear", Slot.BOTTOM, (15, 69), 1.1,
            {"length": ("short", "knee"), "waist": ("buttoned", "drawstring")},
            ("plain", "plain", "denim", "checked", "camouflage", "floral", "striped"),
            usages=("Casual", "Sports"), seasons=_WARM,
        ),
        ArticleType(
            "Skirts", "skirt", "Apparel", "Bottomwear", Slot.BOTTOM, (19, 99), 1.1,
            {"length": ("mini", "knee", "long"), "shape": ("pencil", "a-line", "pleated")},
            (*_FESTIVE, "tartan", "denim"), genders=_WOMEN, usages=("Casual", "Formal", "Party"),
        ),
        ArticleType(
            "Socks", "socks", "Apparel", "Socks", Slot.EXTRA, (4, 19), 0.7,
            {"length": ("ankle", "crew", "crew", "knee")},
            ("plain", "striped", "striped", "dotted", "geometric", "zigzag", "checked"),
            usages=("Casual", "Sports"),
        ),
        ArticleType(
            "Sneakers", "sneakers", "Footwear", "Shoes", Slot.SHOES, (35, 189), 2.2,
            {"height": ("low", "low", "high"), "style": ("running", "court", "canvas")},
            ("plain", "plain", "plain", "checked", "camouflage", "gradient", "geometric"),
            usages=("Casual", "Sports"),
        ),
        ArticleType(
            "Formal Shoes", "shoes", "Footwear", "Shoes", Slot.SHOES, (59, 259), 1.0,
            {"style": ("oxford", "brogue", "loafer", "monk strap"), "toe": ("pointed", "round")},
            colours=LEATHERS, genders=("Men", "Men", "Women"), usages=("Formal",),
        ),
        ArticleType(
            "Heels", "heels", "Footwear", "Shoes", Slot.SHOES, (39, 219), 1.3,
            {"heel": ("stiletto", "stiletto", "block", "wedge"),
            "strap": ("no", "no", "ankle", "t-bar", "bow")},
            ("plain", "plain", "plain", "leopard", "floral", "dotted", "gradient"),
            genders=_WOMEN, usages=("Formal", "Party", "Casual"),
        ),
        ArticleType(
            "Boots", "boots", "Footwear", "Shoes", Slot.SHOES, (59, 279), 1.0,
            {"height": ("ankle", "mid", "knee"), "heel": ("flat", "flat", "high"),
             "style": ("lace-up", "chelsea", "buckled", "fur", "plain")},
            ("plain", "plain", "plain", "leopard"), LEATHERS, seasons=_COLD,
        ),
        ArticleType(
            "Sandals", "sandals", "Footwear", "Sandal", Slot.SHOES, (19, 129), 1.0,
            {"style": ("gladiator", "strappy", "slide"), "sole": ("flat", "flat", "wedge")},
            ("plain", "plain", "dotted", "floral", "leopard"), seasons=_WARM,
        ),
        ArticleType(
            "Flip Flops", "flip-flops", "Footwear", "Flip Flops", Slot.SHOES, (7, 39), 0.7,
            {"strap": ("wide", "narrow")},
            ("plain", "striped", "floral", "geometric", "camouflage", "dotted"), seasons=_WARM,
        ),
        ArticleType(
            "Handbags", "handbag", "Accessories", "Bags", Slot.BAG, (29, 349), 1.8,
            {"shape": ("tote", "satchel", "hobo", "bucket"), "closing": ("flap", "zip", "open")},
            ("plain", "plain", "plain", "leopard", "geometric", "striped", "floral", "checked"),
            genders=_WOMEN, usages=("Casual", "Formal"),
        ),
        ArticleType(
            "Clutches", "clutch", "Accessories", "Bags", Slot.BAG, (19, 149), 0.7,
            {"shape": ("envelope", "frame", "pleated"), "chain": ("chain", "no")},
            ("plain", "plain", "leopard", "floral", "gradient", "geometric"),
            genders=_WOMEN, usages=("Party", "Formal"),
        ),
        ArticleType(
            "Backpacks", "backpack", "Accessories", "Bags", Slot.BAG, (25, 159), 1.1,
            {"style": ("school", "rucksack", "sport")},
            ("plain", "plain", "camouflage", "checked", "geometric", "colour-block"),
            genders=("Unisex", "Men", "Women"), usages=("Casual", "Sports"),
        ),
        ArticleType(
            "Wallets", "wallet", "Accessories", "Wallets", Slot.EXTRA, (15, 119), 0.8,
            {"fold": ("bifold", "upright"), "front": ("strap", "band", "clean")},
            ("plain", "plain", "checked", "geometric", "leopard"),
            LEATHERS, usages=("Casual", "Formal"), genders=("Men", "Women"),
        ),
        ArticleType(
            "Umbrellas", "umbrella", "Accessories", "Umbrellas", Slot.EXTRA, (12, 59), 0.4,
            {"handle": ("hook", "straight")},
            ("plain", "dotted", "striped", "tartan", "floral", "checked", "gradient"),
            genders=("Unisex",), seasons=("Spring", "Fall"),
        ),
        ArticleType(
            "Caps", "cap", "Accessories", "Headwear", Slot.EXTRA, (12, 45), 0.9,
            {"back": ("closed", "mesh")}, ("plain", "plain", "camouflage", "denim", "checked", "heather"),
            usages=("Casual", "Sports"),
        ),
        ArticleType(
            "Hats", "hat", "Accessories", "Headwear", Slot.EXTRA, (15, 99), 0.8,
            {"style": ("fedora", "sun hat", "bowler", "beanie"), "trim": ("plain", "ribbon", "feather")},
            ("plain", "heather", "checked", "tartan", "knit", "striped"),
        ),
        ArticleType(
            "Belts", "belt", "Accessories", "Belts", Slot.EXTRA, (12, 89), 0.9,
            {"strap": ("stitched", "plain", "studded", "woven"), "buckle": ("pin", "pin", "plate", "ring")},
            colours=LEATHERS, usages=("Casual", "Formal"), genders=("Men", "Women"),
        ),
        ArticleType(
            "Watches", "watch", "Accessories", "Watches", Slot.EXTRA, (39, 499), 1.6,
            {"case": ("round", "round", "square", "chronograph", "digital"),
            "strap": ("metal", "leather", "leather"),
             "dial": ("white", "black", "coloured")},
            colours=(*LEATHERS, "Blue", "Orange", "Pink", "Green"), genders=("Men", "Women"),
            usages=("Casual", "Formal", "Sports"),
        ),
        ArticleType(
            "Sunglasses", "sunglasses", "Accessories", "Eyewear", Slot.EXTRA, (15, 189), 0.9,
            {"shape": ("round", "aviator", "wayfarer", "cat-eye")}, seasons=_WARM,
        ),
        ArticleType(
            "Scarves", "scarf", "Accessories", "Scarves", Slot.EXTRA, (12, 89), 0.8,
            {"ends": ("fringed", "plain")},
            ("plain", "tartan", "striped", "knit", "floral", "leopard", "checked", "dotted"), seasons=_COLD,
        ),
        ArticleType(
            "Ties", "tie", "Accessories", "Ties", Slot.EXTRA, (12, 79), 0.7,
            {"shape": ("classic", "classic", "slim", "bow")},
            ("diagonal", "diagonal", "plain", "dotted", "checked", "geometric"), genders=_MEN,
            usages=("Formal",),
        ),
        ArticleType(
            "Necklaces", "necklace", "Accessories", "Jewellery", Slot.EXTRA, (15, 199), 0.6,
            {"chain": ("beads", "chain"), "pendant": ("drop", "disc", "row")},
            genders=_WOMEN, usages=("Party", "Casual", "Formal"),
        ),
        ArticleType(
            "Gloves", "gloves", "Accessories", "Gloves", Slot.EXTRA, (12, 79), 0.5,
            {"length": ("short", "long"), "shape": ("fingers", "mittens")},
            ("plain", "knit", "zigzag", "striped", "heather"), seasons=_COLD,
        ),
    )
}  # fmt: skip
"""Every article type by its name, which is its items' `category`."""
