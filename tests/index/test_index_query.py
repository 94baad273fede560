"""Searching a published version: exact, filtered before the best are chosen, and the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from index_world import (
    CATEGORIES,
    CONTRACT,
    DIMENSION,
    OTHER_CONTRACT,
    build_index,
    catalogue,
    sha256,
    vector_of,
)

from atelier.errors import EmbeddingContractError, QueryError
from atelier.index.query import IndexReader
from atelier.index.retention import drop_all_but
from atelier.index.schema import ContractText, IndexItem
from atelier.index.store import seems_present
from atelier.settings import Settings

ITEMS = catalogue(60)
QUERY = vector_of("0123456789")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def reader(settings: Settings) -> IndexReader:
    return IndexReader.open(settings, build_index(settings, ITEMS).version)


def expected(items: list[IndexItem], k: int) -> list[str]:
    """The obvious slow search."""
    scores = {row.item.item_id: float(vector_of(row.picture_sha256) @ QUERY) for row in items}
    return sorted(scores, key=lambda item_id: (-scores[item_id], item_id))[:k]


def test_the_nearest_come_first_with_their_facts(reader: IndexReader) -> None:
    hits = reader.search(QUERY, 10)
    assert [hit.item_id for hit in hits] == expected(ITEMS, 10)
    item = reader.item(hits[0].item_id)
    assert item is not None
    assert (hits[0].title, hits[0].category, hits[0].price) == (item.title, item.category, item.price)
    assert hits[0].score == pytest.approx(
        float(vector_of(sha256(f"picture {int(item.item_id)}")) @ QUERY), abs=1e-6
    )


def test_a_batch_answers_like_each_query_alone(reader: IndexReader) -> None:
    queries = np.stack([vector_of(sha256(f"query {number}")) for number in range(20)])
    assert reader.search_batch(queries, 7) == [reader.search(query, 7) for query in queries]
    assert reader.search_batch(queries[:0], 7) == []


def test_equal_scores_come_in_order_of_item_id(settings: Settings) -> None:
    same = [IndexItem(row.item, ITEMS[number % 2].picture_sha256) for number, row in enumerate(ITEMS)]
    tied = IndexReader.open(settings, build_index(settings, same).version)
    for k in (1, 7, 30):
        hits = tied.search(vector_of(ITEMS[1].picture_sha256), k)
        assert [hit.item_id for hit in hits] == [row.item.item_id for row in ITEMS[1::2]][:k]


def test_more_than_there_is_gives_all_there_is(reader: IndexReader) -> None:
    assert len(reader.search(QUERY, 1_000)) == len(ITEMS) == len(reader)
    assert reader.categories == list(CATEGORIES)


@pytest.mark.parametrize("vector", [np.full(DIMENSION, np.nan), np.full(DIMENSION, np.inf)])
def test_a_vector_that_is_not_finite_is_refused(reader: IndexReader, vector: np.ndarray) -> None:
    with pytest.raises(QueryError, match="not finite"):
        reader.search(vector, 5)


def test_a_vector_of_another_dimension_is_refused(reader: IndexReader) -> None:
    with pytest.raises(EmbeddingContractError, match=f"vectors of {DIMENSION} dimensions"):
        reader.search(np.zeros(DIMENSION + 1), 5)
    with pytest.raises(QueryError, match="k: expected at least 1"):
        reader.search(QUERY, 0)


def test_an_unknown_item_has_no_facts_and_no_thumbnail(reader: IndexReader) -> None:
    assert reader.item("nobody") is None
    assert reader.thumbnail("nobody") is None


def test_an_index_opens_only_for_the_encoder_it_was_built_with(
    settings: Settings, reader: IndexReader
) -> None:
    assert IndexReader.open(settings, reader.version, ContractText(CONTRACT).digest)
    with pytest.raises(EmbeddingContractError, match="cannot be compared"):
        IndexReader.open(settings, reader.version, ContractText(OTHER_CONTRACT).digest)


def test_a_reader_answers_on_while_others_build_and_collect(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    version = build_index(settings, ITEMS).version
    reader = IndexReader.open(settings, version)
    before = reader.search(QUERY, 10)
    newer = build_index(settings, catalogue(30, first=50), data_version="d2").version
    drop_all_but(settings, [version])
    assert reader.search(QUERY, 10) == before
    assert reader.thumbnail(before[0].item_id)
    assert not seems_present(settings, newer)
    assert IndexReader.open(settings, version).search(QUERY, 10) == before


def test_of_several_looks_the_nearest_counts(reader: IndexReader) -> None:
    looks = reader.vectors_ND[[3, 11]] + 0.05
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    one, other = ({hit.item_id: hit.score for hit in reader.search(look, len(reader))} for look in looks)
    both = reader.search(looks, len(reader))
    assert {hit.item_id: hit.score for hit in both} == {
        item_id: max(score, other[item_id]) for item_id, score in one.items()
    }
    assert [hit.score for hit in both] == sorted((hit.score for hit in both), reverse=True)
