"""Written queries: an exact title comes first, words and vectors count as much as each is sure."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from index_world import CountingEncoder, build_index, sha256
from numpy.typing import NDArray

from atelier.families.retrieval.tokens import tokens
from atelier.index.query import IndexReader
from atelier.index.schema import Embedded, IndexItem
from atelier.index.titles import Titles
from atelier.settings import Settings
from atelier.simulate.world import make_item

DIMENSION = 64
NUM_ITEMS, NUM_ASKED = 600, 60
PICTURE_NOISE, TEXT_NOISE = 6.0, 4.5
"""So much that a vector alone puts its item first for one query in ten, as that of a small model does."""


def words(text: str) -> list[str]:
    return [token for token in tokens(text) if token.isalnum() and token in text.casefold().split()]


def gaussian(seed: str) -> NDArray[np.float64]:
    number = int(hashlib.sha256(seed.encode()).hexdigest()[:8], 16)
    return np.random.default_rng(number).standard_normal(DIMENSION) / math.sqrt(DIMENSION)


def alien(word: str) -> str:
    """A synonym that no title has, and no part of one."""
    return "".join("qxzjvkwy"[int(digit, 16) % 8] for digit in hashlib.md5(word.encode()).hexdigest()[:7])


MEANING = {alien(word): word for n in range(NUM_ITEMS) for word in words(make_item(0, n).item.title)}


def meaning(text: str, noise: float, seed: str) -> NDArray[np.float32]:
    """A unit vector [D] of a text's words, synonyms as the words they stand for."""
    total = sum((gaussian(MEANING.get(word, word)) for word in words(text)), np.zeros(DIMENSION))
    total = total + noise * gaussian(seed)
    return np.asarray(total / np.linalg.norm(total), np.float32)


class Meaningful(CountingEncoder):
    """Embeds a picture by the title of its item, with much noise."""

    def __init__(self, title_of: dict[str, str]) -> None:
        super().__init__()
        self.title_of = title_of

    def __call__(self, pictures: Sequence[str]) -> Embedded:
        vectors = [meaning(self.title_of[digest], PICTURE_NOISE, digest) for digest in pictures]
        return Embedded(np.stack(vectors), [b"thumbnail"] * len(pictures))


def reader_of(home: Path, items: Sequence[IndexItem]) -> IndexReader:
    settings = Settings(home=home)
    encoder = Meaningful({row.picture_sha256: row.item.title for row in items})
    contract = json.dumps({"dimension": DIMENSION, "model_digest": "a" * 64})
    return IndexReader.open(settings, build_index(settings, items, encoder, contract=contract).version)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> IndexReader:
    items = [make_item(0, number).item for number in range(NUM_ITEMS)]
    return reader_of(
        tmp_path_factory.mktemp("home"), [IndexItem(item, sha256(item.item_id)) for item in items]
    )


def asked(reader: IndexReader) -> list[tuple[str, str]]:
    """(item id, title) of items with titles of their own."""
    titles: list[str] = reader.facts["title"].to_pylist()
    own = [pair for pair in zip(reader.item_ids, titles, strict=True) if titles.count(pair[1]) == 1]
    return random.Random(1).sample(own, NUM_ASKED)


def ranks(reader: IndexReader, queries: Sequence[tuple[str, str]], *, new: bool = True) -> list[int]:
    """The rank of each wanted item, from 1, beyond a hundred 999."""
    found = []
    for item_id, text in queries:
        hits = reader.search(
            meaning(text, TEXT_NOISE, f"query {item_id}"), 100, text=text, is_vector_of_text=new
        )
        ids = [hit.item_id for hit in hits]
        found.append(ids.index(item_id) + 1 if item_id in ids else 999)
    return found


def typed(kind: str, title: str) -> str:
    return {
        "exact": title,
        "upper case": title.upper(),
        "other punctuation": "«" + ", ".join(title.split()) + "!»",
        "joined": title.replace(" ", "-").replace("&", ""),
        "full width": title.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
    }[kind]


@pytest.mark.parametrize("kind", ["exact", "upper case", "other punctuation", "joined", "full width"])
def test_an_exact_title_comes_first_however_it_is_typed(simulated: IndexReader, kind: str) -> None:
    queries = [(item_id, typed(kind, title)) for item_id, title in asked(simulated)]
    assert ranks(simulated, queries) == [1] * NUM_ASKED


def test_fusing_ranks_alone_loses_exact_titles_to_a_weak_model(simulated: IndexReader) -> None:
    """What the two tests around this one measure against."""
    before = ranks(simulated, asked(simulated), new=False)
    assert sum(rank == 1 for rank in before) < NUM_ASKED * 0.8


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_paraphrases_are_found_no_worse_than_by_fusing_ranks(simulated: IndexReader, share: float) -> None:
    queries = []
    for item_id, title in asked(simulated):
        own = words(title)
        chosen = set(random.Random(item_id).sample(own, round(len(own) * share)))
        queries.append((item_id, " ".join(alien(word) if word in chosen else word for word in own)))
    after, before = ranks(simulated, queries), ranks(simulated, queries, new=False)
    for k in (1, 10):
        assert sum(rank <= k for rank in after) >= sum(rank <= k for rank in before)


def test_titles_that_fit_alike_are_put_in_order_by_their_vectors(simulated: IndexReader) -> None:
    hits = simulated.search(meaning("women", TEXT_NOISE, "query"), 20, text="women", is_vector_of_text=True)
    assert all("Women" in hit.title for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_exact_titles_pass_the_filters_and_twins_stand_together(tmp_path: Path) -> None:
    titles = ["Große Tasche", "红色连衣裙 夏季新款", "Large bag", "Große Tasche", "No. 5", "x" * 300 + " end"]
    items = [make_item(0, number).item for number in range(40)]
    named = dict(enumerate(titles)) | {number: item.title for number, item in enumerate(items) if number > 5}
    rows = [
        replace(item, title=named[number], gender="Women" if number % 2 else "Men")
        for number, item in enumerate(items)
    ]
    reader = reader_of(tmp_path, [IndexItem(row, sha256(row.item_id)) for row in rows])

    def first(text: str, k: int, **filters: str) -> list[str]:
        hits = reader.search(meaning("none", 1, "q"), k, text=text, is_vector_of_text=True, **filters)  # type: ignore[arg-type]
        return [hit.item_id for hit in hits]

    assert set(first("GROSSE TASCHE", 2)) == {rows[0].item_id, rows[3].item_id}
    assert first("große tasche", 1, gender="Women") == [rows[3].item_id]
    assert first("红色连衣裙夏季新款", 1) == [rows[1].item_id]
    assert first("no 5", 1) == [rows[4].item_id]
    assert first("x" * 200, 1) == [rows[5].item_id], "a query that was cut"


def test_coverage_counts_known_tokens_and_its_share_all() -> None:
    titles = Titles(pa.chunked_array([["red dress", "blue dress", "green hat"]]))
    rows = np.arange(3)
    coverage = titles.coverage("red dress", rows)
    assert coverage.share == 1
    assert coverage.covered_K[0] == pytest.approx(1)
    assert 0 < coverage.covered_K[1] < 0.6
    assert coverage.covered_K[2] < 0.2
    half = titles.coverage("red zzzzz", rows)
    assert half.covered_K[0] == pytest.approx(1)
    assert 0.2 < half.share < 0.6
    assert titles.coverage("zzzzz", rows).share == 0
    assert titles.coverage("red", rows[:0]).covered_K.shape == (0,)
