"""Selects rows by item attributes, counted exactly, so that a searcher can choose its method."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atelier.errors import QueryError
from atelier.index.searcher import Selection

_KEPT = 32
"""Selections kept for the next request with the same filter: N bytes each, and eight for each passing row."""
_WORDS = ("category", "gender", "season")


class ItemFilters:
    """Selects the rows of a table of attributes that pass filters. Safe to share by threads."""

    def __init__(self, facts: pa.Table) -> None:
        self._codes: dict[str, np.ndarray] = {}
        self.known: dict[str, list[str]] = {}
        """Column -> every value that some row has, sorted."""
        for column in _WORDS:
            values = facts[column].combine_chunks()
            self.known[column] = sorted(values.unique().drop_null().to_pylist())
            codes = pc.index_in(values, value_set=pa.array(self.known[column], pa.string())).fill_null(-1)
            self._codes[column] = codes.to_numpy(zero_copy_only=False)
        self._price = facts["price"].combine_chunks().cast(pa.float64()).fill_null(np.nan).to_numpy()
        self._in_stock = pc.greater(facts["stock"], 0).fill_null(False).to_numpy()
        self._kept = lru_cache(maxsize=_KEPT)(self._selection)

    def selection(
        self,
        categories: Sequence[str] | None = None,
        gender: str | None = None,
        season: str | None = None,
        max_price: float | None = None,
        in_stock: bool = False,
    ) -> Selection | None:
        """Select rows that pass every filter; None for all. A missing value passes no filter on its
        attribute.

        QueryError: a category, gender or season that no row has.
        """
        wanted = None if categories is None else tuple(sorted(set(categories)))
        if wanted is None and gender is None and season is None and max_price is None and not in_stock:
            return None
        return self._kept(wanted, gender, season, max_price, in_stock)

    def _selection(
        self,
        categories: tuple[str, ...] | None,
        gender: str | None,
        season: str | None,
        max_price: float | None,
        in_stock: bool,
    ) -> Selection:
        masks = []
        if categories is not None:
            masks.append(self._is_one_of("category", categories))
        for column, value in (("gender", gender), ("season", season)):
            if value is not None:
                masks.append(self._is_one_of(column, (value,)))
        if max_price is not None:
            masks.append(self._price <= max_price)
        if in_stock:
            masks.append(self._in_stock)
        return Selection(np.logical_and.reduce(masks))

    def _is_one_of(self, column: str, values: Sequence[str]) -> np.ndarray:
        known = self.known[column]
        passes = np.zeros(len(known) + 1, bool)  # the last one is for unknown facts, whose code is -1
        for value in values:
            if value not in known:
                close = difflib.get_close_matches(value, known, n=3, cutoff=0.5) or known[:8]
                raise QueryError(
                    f"{column}: no item has {value!r}; expected one of {len(known)} values, "
                    f"such as {', '.join(close)}"
                )
            passes[known.index(value)] = True
        return passes[self._codes[column]]
