"""Defines the contract of products."""

from __future__ import annotations

from atelier.contracts.promise import Promise, between, matches, mostly_present, one_line, one_of, unique
from atelier.vocabulary import Split

GENDERS = ("Men", "Women", "Boys", "Girls", "Unisex", "NA")
SEASONS = ("Spring", "Summer", "Fall", "Winter", "NA")
ITEM_ID = r"\A[\w.-]{1,200}\Z"

PROMISES: tuple[Promise, ...] = (
    unique("item_id"),
    matches("item_id", ITEM_ID, "1 to 200 letters, digits, '-', '_' or '.'"),
    one_line("title", 500),
    one_line("category", 100),
    one_line("source", 100),
    one_line("subcategory", 100),
    one_line("department", 100),
    one_line("colour", 100),
    one_line("usage", 100),
    one_line("style", 100),
    one_line("scene", 100),
    one_line("shop", 200),
    one_line("duplicate_group", 200),
    one_of("gender", GENDERS),
    one_of("season", SEASONS),
    one_of("split", list(Split)),
    between("year", 1950, 2100),
    between("price", 0, above=True),
    between("rating", 0, 5),
    between("num_reviews", 0),
    between("stock", 0),
    *(mostly_present(column, 0.9) for column in ("gender", "colour", "season", "price")),
)
