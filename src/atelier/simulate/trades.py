"""Defines the trades of the world: their articles and the prefixes of their ids."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from atelier.simulate.articles import ARTICLE_TYPES, ArticleType
from atelier.simulate.furnishings import FURNISHINGS


class Trade(StrEnum):
    """A shop's line of business; worlds of two trades share no item, even with one seed."""

    FASHION = "fashion"
    BEDROOM = "bedroom"

    @property
    def prefix(self) -> str:
        """The first letter of its ids: 'w0-000017' is of fashion, 'b0-000017' of bedrooms."""
        return {"fashion": "w", "bedroom": "b"}[self.value]

    @property
    def articles(self) -> Mapping[str, ArticleType]:
        """Its article types by name, which is their items' `category`."""
        return ARTICLE_TYPES if self == Trade.FASHION else FURNISHINGS
