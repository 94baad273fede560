"""Pictures are embedded once, and only unit vectors are kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from index_world import (
    CONTRACT,
    DIMENSION,
    CountingEncoder,
    build_index,
    catalogue,
    sha256,
    vector_of,
)

from atelier.errors import EmbeddingContractError, IndexRejected
from atelier.index.build import Build, build
from atelier.index.pictures import KEEP_EVERY, PictureStore, embedding, pictures_table_name, thin_out
from atelier.index.schema import ContractText, Embedded, IndexItem
from atelier.index.store import connect, open_version, read_rows
from atelier.index.verify import verify
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def publish(
    settings: Settings, items: Sequence[IndexItem], data_version: str = "d1", **more: object
) -> Build:
    """Build and verify, as the job does."""
    built = build_index(settings, items, data_version=data_version, **more)  # type: ignore[arg-type]
    changed = None if built.changes is None else built.changes.upserted
    verify(settings, built.version, Counter(row.item.category for row in items), changed=changed)
    return built


TWO_VECTORS = json.dumps({**json.loads(CONTRACT), "relevance_dimension": 6})


class TwoVectors(CountingEncoder):
    """The second vector is the unit form of the first six numbers of the first."""

    def __call__(self, pictures: Sequence[str]) -> Embedded:
        embedded = super().__call__(pictures)
        first = embedded.vectors[:, :6]
        return replace(embedded, relevance=first / np.linalg.norm(first, axis=1, keepdims=True))


def build_two(settings: Settings, num_items: int, encoder: CountingEncoder) -> Build:
    items = catalogue(num_items)
    built = build(
        settings, items, encoder, contract_json=TWO_VECTORS, data_version=f"d{num_items}", progress=False
    )
    changed = None if built.changes is None else built.changes.upserted
    verify(settings, built.version, Counter(row.item.category for row in items), changed=changed)
    return built


def test_a_second_vector_has_its_column_where_the_contract_says_so(settings: Settings) -> None:
    build_two(settings, 30, TwoVectors())
    rows = read_rows(open_version(settings, build_two(settings, 33, TwoVectors()).version))
    assert rows.relevance_NR is not None
    assert rows.relevance_NR.shape == (33, 6)
    assert rows.relevance_NR.dtype == np.float16
    first = rows.vectors_ND[:, :6]
    expected = first / np.linalg.norm(first, axis=1, keepdims=True)
    assert np.abs(rows.relevance_NR - expected).max() < 5e-4
    assert read_rows(open_version(settings, publish(settings, catalogue(5)).version)).relevance_NR is None


def test_a_second_vector_that_is_missing_unasked_or_not_of_length_1_is_refused(settings: Settings) -> None:
    class Long(TwoVectors):
        def __call__(self, pictures: Sequence[str]) -> Embedded:
            embedded = super().__call__(pictures)
            assert embedded.relevance is not None
            return replace(embedded, relevance=2 * embedded.relevance)

    with pytest.raises(IndexRejected, match=r"relevance vectors \(4, 6\)"):
        build_two(settings, 4, CountingEncoder())
    with pytest.raises(IndexRejected, match="4 of 4 relevance vectors whose length is not 1"):
        build_two(settings, 4, Long())
    with pytest.raises(IndexRejected, match=r"relevance vectors \(4, 0\)"):
        build_index(settings, catalogue(4), TwoVectors())
    with pytest.raises(EmbeddingContractError, match="relevance_dimension"):
        _ = ContractText(json.dumps({"dimension": DIMENSION, "relevance_dimension": -1})).relevance_dimension


PICTURES = [sha256(f"picture {number}") for number in range(8)]


def _store(settings: Settings) -> PictureStore:
    return PictureStore(connect(settings), ContractText(CONTRACT))


def test_a_picture_is_embedded_once_whoever_asks_and_taken_by_its_place(settings: Settings) -> None:
    encoder = CountingEncoder()
    store = _store(settings)
    assert store.embed_missing([*PICTURES[:3], PICTURES[0]], encoder, progress=False) == 3
    again = _store(settings)
    assert again.embed_missing(PICTURES[:5], encoder, progress=False) == 2
    assert encoder.asked == PICTURES[:5]
    places = again.positions()
    taken = again.take([places[PICTURES[4]], places[PICTURES[1]]])
    assert taken["picture_sha256"].to_pylist() == [PICTURES[4], PICTURES[1]]
    np.testing.assert_array_equal(taken["vector"].to_pylist()[0], vector_of(PICTURES[4]))


def test_a_killed_embedding_loses_one_batch_at_most(settings: Settings) -> None:
    many = [sha256(f"many {number}") for number in range(KEEP_EVERY + 3)]
    with pytest.raises(KeyboardInterrupt):
        _store(settings).embed_missing(many, CountingEncoder(die_after=KEEP_EVERY), progress=False)
    encoder = CountingEncoder()
    assert _store(settings).embed_missing(many, encoder, progress=False) == 3
    assert encoder.asked == many[KEEP_EVERY:]


@pytest.mark.parametrize("bad", [np.nan, 0.0, 1.01])
def test_a_vector_that_is_not_of_length_one_is_refused_with_its_picture(
    settings: Settings, bad: float
) -> None:
    def broken(pictures: Sequence[str]) -> Embedded:
        embedded = CountingEncoder()(pictures)
        vectors = embedded.vectors.copy()
        vectors[1] *= bad
        return replace(embedded, vectors=vectors)

    store = _store(settings)
    with pytest.raises(IndexRejected, match=f"1 of 3 vectors whose length is not 1.*{PICTURES[1]}"):
        store.embed_missing(PICTURES[:3], broken, progress=False)
    assert store.positions() == {}


def test_another_number_of_thumbnails_or_vectors_is_refused(settings: Settings) -> None:
    def few_thumbnails(pictures: Sequence[str]) -> Embedded:
        return replace(CountingEncoder()(pictures), thumbnails=[b""])

    def few_vectors(pictures: Sequence[str]) -> Embedded:
        embedded = CountingEncoder()(pictures)
        return replace(embedded, vectors=embedded.vectors[:1])

    with pytest.raises(IndexRejected, match="3 thumbnails, it returned 1"):
        _store(settings).embed_missing(PICTURES[:3], few_thumbnails, progress=False)
    with pytest.raises(IndexRejected, match=r"vectors \(3, 16\).*returned \(1, 16\)"):
        _store(settings).embed_missing(PICTURES[:3], few_vectors, progress=False)


def test_thinning_out_keeps_what_is_asked_for(settings: Settings) -> None:
    store = _store(settings)
    store.embed_missing(PICTURES, CountingEncoder(), progress=False)
    table = connect(settings).open_table(pictures_table_name(ContractText(CONTRACT).digest))
    assert thin_out(table, {PICTURES[2], PICTURES[5]}) == 6
    assert set(_store(settings).positions()) == {PICTURES[2], PICTURES[5]}


def test_one_process_at_a_time_fills_a_store(settings: Settings) -> None:
    with embedding(settings, "pictures") as first, embedding(settings, "pictures", wait=False) as second:
        assert (first, second) == (True, False)
    with embedding(settings, "pictures", wait=False) as alone:
        assert alone
