"""Beside the one vector: titles in two languages, both at once, relevance vectors, and filters by season."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from index_world import CONTRACT, CountingEncoder, build_index, catalogue, vector_of

from atelier.errors import EmbeddingContractError, QueryError
from atelier.index.query import Hit, IndexReader
from atelier.index.schema import Embedded, IndexItem
from atelier.settings import Settings

TITLES = (
    "Red Floral Summer Dress",
    "Blue Slim Jeans",
    "红色连衣裙 夏季新款",
    "蓝色牛仔裤",
    "Black Running Shoes",
    "黑色跑步鞋",
)
RELEVANCE_DIMENSION = 24


def titled(num_items: int) -> list[IndexItem]:
    return [
        IndexItem(
            replace(
                row.item,
                title=f"{TITLES[number % len(TITLES)]} {number}",
                season="Summer" if number % 5 == 0 else None,
            ),
            row.picture_sha256,
        )
        for number, row in enumerate(catalogue(num_items))
    ]


ITEMS = titled(60)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def reader(settings: Settings) -> IndexReader:
    return IndexReader.open(settings, build_index(settings, ITEMS).version)


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.item_id for hit in hits]


def test_text_search_is_filtered_without_loss(reader: IndexReader) -> None:
    summer = {
        row.item.item_id
        for row in ITEMS
        if row.item.season == "Summer" and row.item.title.startswith(TITLES[0])
    }
    hits = reader.search_text("red floral summer dress", len(summer), season="Summer")
    assert set(ids(hits)) == summer
    for text in ("red dress", "裙"):
        assert all(hit.gender == "Women" for hit in reader.search_text(text, 5, gender="Women"))


def test_a_picture_and_a_text_find_what_fits_both(reader: IndexReader) -> None:
    """The item itself is far down by vector among jeans, and one of ten by text; together it is the first."""
    wanted = next(row for row in ITEMS if row.item.title.startswith("蓝色牛仔裤"))
    vector = vector_of(wanted.picture_sha256)
    hits = reader.search(vector, 5, text="牛仔裤")
    assert hits[0].item_id == wanted.item.item_id
    assert hits[0].score == pytest.approx(1, abs=1e-6)
    assert "牛仔裤" in hits[1].title
    only = reader.search(vector, 5, text="牛仔裤", gender="Women")
    assert all(hit.gender == "Women" for hit in only)


def test_an_unknown_season_is_refused_and_a_known_one_filters(reader: IndexReader) -> None:
    query = vector_of("0123456789")
    expected = {row.item.item_id for row in ITEMS if row.item.season == "Summer"}
    assert set(ids(reader.search(query, 60, season="Summer"))) == expected
    with pytest.raises(QueryError, match="season: no item has 'Winter'"):
        reader.search(query, 5, season="Winter")


class TwoVectors(CountingEncoder):
    """Gives every picture a random relevance vector too."""

    def __call__(self, pictures: Sequence[str]) -> Embedded:
        relevance = np.stack([relevance_of(picture) for picture in pictures])
        return replace(super().__call__(pictures), relevance=relevance)


def relevance_of(picture: str) -> np.ndarray:
    vector = np.random.default_rng(int(picture[8:16], 16)).standard_normal(RELEVANCE_DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def two_vector_reader(home: Path, num_items: int) -> IndexReader:
    settings = Settings(home=home)
    contract = json.dumps({**json.loads(CONTRACT), "relevance_dimension": RELEVANCE_DIMENSION})
    built = build_index(settings, catalogue(num_items), TwoVectors(), contract=contract)
    return IndexReader.open(settings, built.version)


def test_relevance_orders_the_first_hundred_by_the_recall_vector(tmp_path: Path) -> None:
    reader = two_vector_reader(tmp_path, 300)
    relevance = {row.item.item_id: relevance_of(row.picture_sha256) for row in catalogue(300)}
    query, wanted = vector_of("0123456789"), relevance["00007"]
    first = ids(reader.search(query, 100))
    expected = sorted(first, key=lambda item_id: -float(relevance[item_id] @ wanted))
    hits = reader.search(query, 10, relevance=wanted)
    assert ids(hits) == expected[:10]
    for hit in hits:  # half precision moves a cosine by less than this
        assert hit.score == pytest.approx(float(relevance[hit.item_id] @ wanted), abs=3e-4)
    jeans = reader.search(query, 10, ["Jeans"], relevance=wanted)
    assert {hit.category for hit in jeans} == {"Jeans"}


def test_a_relevance_vector_needs_an_index_that_has_them(reader: IndexReader, tmp_path: Path) -> None:
    query = vector_of("0123456789")
    with pytest.raises(EmbeddingContractError, match="relevance vectors of None dimensions"):
        reader.search(query, 5, relevance=np.ones(RELEVANCE_DIMENSION))
    other = two_vector_reader(tmp_path, 30)
    with pytest.raises(
        EmbeddingContractError, match=f"relevance vectors of {RELEVANCE_DIMENSION} dimensions"
    ):
        other.search(query, 5, relevance=np.ones(3))
    with pytest.raises(QueryError, match="not finite"):
        other.search(query, 5, relevance=np.full(RELEVANCE_DIMENSION, np.nan))
