"""Titles and written queries as token numbers: English or Chinese, without a vocabulary to keep or to fetch.

A word counts as itself and as its inner trigrams, so that 'tshirt', 't-shirts' and a misspelt one stay near
each other; Chinese counts by character and by pair. Numbers are hashes. NumPy only.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

MAX_TOKENS = 96
"""Tokens of a text that count; a title of 70 letters has about 60."""
PADDING = 0
_WORD = re.compile(r"[^\W_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")


def token_ids(texts: Sequence[str], num_buckets: int) -> NDArray[np.int64]:
    """Convert texts to token numbers from 1 below `num_buckets`, `PADDING` after them: int64 [B, MAX_TOKENS].

    Hashed subword n-grams as in Bojanowski et al. 2017, section 3.2. An empty text is all padding.
    """
    ids = np.full((len(texts), MAX_TOKENS), PADDING, np.int64)
    for row, text in enumerate(texts):
        own = [1 + zlib.crc32(token.encode()) % (num_buckets - 1) for token in tokens(text)][:MAX_TOKENS]
        ids[row, : len(own)] = own
    return ids


def tokens(text: str) -> list[str]:
    """List the tokens of a text: all words first, so that a long text loses trigrams rather than words."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    whole = [part for word in words for part in _whole(word)]
    return whole + [part for word in words for part in _parts(word)]


def _whole(word: str) -> Iterator[str]:
    """A word; of Chinese, its characters."""
    for run in _split(word):
        yield from run if _HAN.match(run) else (run,)


def _parts(word: str) -> Iterator[str]:
    """Trigrams of a word with its ends marked; of Chinese, pairs of characters."""
    for run in _split(word):
        size, text = (2, run) if _HAN.match(run) else (3, f"<{run}>")
        if len(text) > size or size == 2:
            yield from (text[start : start + size] for start in range(len(text) - size + 1))


def _split(word: str) -> Iterator[str]:
    """Runs of Chinese and of other characters."""
    end = 0
    for match in _HAN.finditer(word):
        if match.start() > end:
            yield word[end : match.start()]
        yield match.group()
        end = match.end()
    if end < len(word):
        yield word[end:]
