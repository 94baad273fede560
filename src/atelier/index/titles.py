"""The titles of one index version, in memory: which of them a text is, and how much of it each holds."""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from atelier.families.retrieval.tokens import tokens

MIN_CUT_TEXT = 100
"""Characters from which a text may be the beginning of a longer title: queries are cut, and so are pastes."""
_NUM_SAMPLED = 2_000
"""Titles that tell how common a token is."""
_TITLES_KEPT = 4_096
"""Titles of which the tokens are kept, some 20 MB."""
_SAME = (("\u00df", "ss"), ("\u03c2", "\u03c3"), ("i\u0307", "i"))
"""Letters of which upper and lower case do not correspond one to one."""


class Coverage(NamedTuple):
    """The matched share of a text in each of K titles."""

    share: float
    """Share of the text's tokens in the title that has most of them, 0 to 1: how sure the titles are."""
    covered_K: NDArray[np.float64]
    """Of the tokens that any of the titles has, the share in each one; rare tokens weigh more."""


class Titles:
    """Searches N titles. Safe to share by threads; its tables are computed at the first search."""

    def __init__(self, titles: pa.ChunkedArray) -> None:
        self._titles = titles
        self._tokens = lru_cache(maxsize=_TITLES_KEPT)(self._tokens_of)

    def exact(self, text: str) -> NDArray[np.int64]:
        """Find the rows of the titles that are this text, whatever its case, punctuation and blanks.

        Where there is none, a long text also finds the titles that begin with it.
        """
        key = _keys(pa.chunked_array([[text]]))[0].as_py()
        if not key:
            return np.zeros(0, np.int64)
        rows = _rows_where(pc.equal(self._keys, key))
        if not len(rows) and len(text) >= MIN_CUT_TEXT:
            rows = _rows_where(pc.starts_with(self._keys, key))
        return rows

    def coverage(self, text: str, rows: NDArray[np.int64]) -> Coverage:
        """Compare a text with K titles, by words and trigrams; a new title costs 30 microseconds."""
        asked = frozenset(tokens(text))
        titles = [asked & self._tokens(int(row)) for row in rows]
        known = frozenset().union(*titles)
        weight = {token: self._rarity(token) for token in known}
        total = sum(weight.values())
        if not total:
            return Coverage(0.0, np.zeros(len(rows)))
        covered = [sum(weight[token] for token in sorted(held)) / total for held in titles]
        return Coverage(max(map(len, titles)) / len(asked), np.asarray(covered))

    def _tokens_of(self, row: int) -> frozenset[str]:
        return frozenset(tokens(self._titles[row].as_py()))

    def _rarity(self, token: str) -> float:
        """Inverse document frequency, as BM25 has it."""
        num_with = self._frequencies[token]
        return math.log(1 + (self._num_sampled - num_with + 0.5) / (num_with + 0.5))

    @cached_property
    def _keys(self) -> pa.ChunkedArray:
        return _keys(self._titles)

    @property
    def _num_sampled(self) -> int:
        return min(_NUM_SAMPLED, len(self._titles))

    @cached_property
    def _frequencies(self) -> Counter[str]:
        """In how many titles of the sample each token is."""
        rows = np.linspace(0, len(self._titles) - 1, self._num_sampled).astype(np.int64)
        sample = self._titles.take(pa.array(rows)).to_pylist()
        return Counter(token for title in sample for token in frozenset(tokens(title)))


def _keys(titles: pa.ChunkedArray) -> pa.ChunkedArray:
    """Letters, their marks and digits alone, in lower case."""
    keys = pc.utf8_lower(pc.utf8_normalize(titles, form="NFKC"))
    for letter, same in _SAME:
        keys = pc.replace_substring(keys, letter, same)
    return pc.replace_substring_regex(keys, r"[^\p{L}\p{M}\p{N}]+", "")


def _rows_where(mask: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False)) if len(mask) else np.zeros(0, np.int64)
