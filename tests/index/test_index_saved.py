"""Which searcher a catalogue gets, and a graph as a file of a release."""

from __future__ import annotations

import hashlib
import logging
import sys
from pathlib import Path

import numpy as np
import pytest
from index_world import build_index, catalogue
from test_index_graph_searcher import NUM, QUERIES, VECTORS, clustered, recall

from atelier.errors import CatalogueIndexError, DigestError
from atelier.index.graph import Graph, build_graph, load_graph
from atelier.index.graph_searcher import GraphSearcher
from atelier.index.query import IndexReader
from atelier.index.saved import SavedSearcher, calibrated, load, make_searcher, save, saved_in
from atelier.index.searcher import ExactSearcher
from atelier.settings import Settings

ALL = np.arange(NUM)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_graph(VECTORS, threads=2)


def test_a_small_catalogue_is_searched_exactly_and_a_large_one_through_a_graph() -> None:
    assert isinstance(make_searcher(VECTORS), ExactSearcher)
    large = make_searcher(VECTORS, graph_from=NUM)
    assert isinstance(large, GraphSearcher)
    assert "symphonyqg of 3,000" in large.description or "faiss of 3,000" in large.description
    assert recall(large, VECTORS, ALL) >= 0.98


@pytest.mark.parametrize("library", ["symphonyqg", "faiss"])
def test_a_saved_searcher_answers_like_the_one_that_was_saved(tmp_path: Path, library: str) -> None:
    built = make_searcher(VECTORS, graph_from=NUM, library=library)  # type: ignore[arg-type]
    path = save(built, tmp_path)
    assert path is not None and path.name == f"searcher.{library}"
    saved = saved_in(tmp_path, {"student.onnx": "0", path.name: digest(path)})
    assert saved == SavedSearcher(path, digest(path))
    loaded = make_searcher(VECTORS, saved=saved, graph_from=NUM)
    assert loaded.description == built.description
    for query in QUERIES:
        np.testing.assert_array_equal(loaded.search(query, 10)[0], built.search(query, 10)[0])


def test_a_changed_file_is_refused(tmp_path: Path, graph: Graph) -> None:
    path = tmp_path / "searcher.symphonyqg"
    graph.save(path)
    expected = digest(path)
    assert len(load(path, expected)) == NUM
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DigestError, match="expected sha256"):
        load(path, expected)


def test_a_graph_of_other_vectors_is_found_out_and_not_used(
    graph: Graph, caplog: pytest.LogCaptureFixture
) -> None:
    """It has the right number of rows and dimensions; only its answers tell."""
    with caplog.at_level(logging.WARNING):
        assert isinstance(calibrated(clustered(NUM, seed=9), graph), ExactSearcher)
    assert "every row is looked at instead" in caplog.text


def test_a_processor_without_avx2_builds_its_own_graph(
    tmp_path: Path, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "searcher.symphonyqg"
    graph.save(path)
    monkeypatch.setattr("atelier.index.graph.processor_flags", lambda: {"sse4_2"})
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setitem(sys.modules, "rabitqlib", None)  # to import it would be an error
    searcher = make_searcher(VECTORS, saved=SavedSearcher(path, digest(path)), graph_from=NUM)
    assert "faiss of 3,000" in searcher.description
    assert recall(searcher, VECTORS, ALL) >= 0.98
    with pytest.raises(CatalogueIndexError, match="needs a processor with avx2 and fma"):
        load_graph(path)


def test_there_is_nothing_to_save_of_an_exact_or_changed_searcher(tmp_path: Path, graph: Graph) -> None:
    assert save(ExactSearcher(VECTORS), tmp_path) is None
    assert saved_in(tmp_path, {"student.onnx": "0"}) is None
    changed = GraphSearcher(VECTORS, graph, ef=64, reach=20)
    changed.add(QUERIES[:1])
    with pytest.raises(CatalogueIndexError, match="only a searcher of one graph over all rows"):
        save(changed, tmp_path)


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catalogues of 1,000 rows get a graph: building one of 50,000 takes longer than a test may."""
    monkeypatch.setattr("atelier.index.saved.GRAPH_FROM", 1_000)


@pytest.mark.usefixtures("few_are_many")
def test_a_reader_finds_through_its_graph_what_an_exact_reader_finds(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    version = build_index(settings, catalogue(1_500)).version
    reader = IndexReader.open(settings, version)
    assert isinstance(reader.searcher, GraphSearcher)
    exact = IndexReader(version, reader.vectors_ND, reader.facts, lambda _: b"")
    agreed = []
    for query in reader.vectors_ND[::30]:
        for filters in ({}, {"categories": ["Jeans"]}, {"in_stock": True, "max_price": 700.0}):
            found, expected = (each.search(query, 10, **filters) for each in (reader, exact))
            agreed.append(len({hit.item_id for hit in found} & {hit.item_id for hit in expected}) / 10)
            assert found[0] == expected[0]
    assert np.mean(agreed) >= 0.99


@pytest.mark.usefixtures("few_are_many")
def test_a_release_carries_the_graph_of_a_large_catalogue(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    version = build_index(settings, catalogue(1_500)).version
    built = IndexReader.open(settings, version)
    files = built.searcher_files(tmp_path)
    saved = saved_in(tmp_path, {name: digest(path) for name, path in files.items()})
    assert saved is not None
    opened = IndexReader.open(settings, version, saved=saved)
    for query in built.vectors_ND[::100]:
        assert opened.search(query, 10) == built.search(query, 10)
    with pytest.raises(DigestError):
        IndexReader.open(settings, version, saved=SavedSearcher(saved.path, "0" * 64))
    small = build_index(settings, catalogue(20), data_version="d2").version
    assert IndexReader.open(settings, small).searcher_files(tmp_path) == {}


@pytest.mark.usefixtures("few_are_many")
def test_a_newer_version_shares_the_graph_of_the_older_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    older = IndexReader.open(settings, build_index(settings, catalogue(1_500)).version)
    items = [*catalogue(1_480, first=10), *catalogue(20, first=5_000)]
    newer = IndexReader.open(
        settings, build_index(settings, items, data_version="d2").version, previous=older
    )
    assert isinstance(newer.searcher, GraphSearcher) and isinstance(older.searcher, GraphSearcher)
    assert newer.searcher.graphs == older.searcher.graphs
    for row in (0, 700, 1_499):
        (hit,) = newer.search(newer.vectors_ND[row], 1)
        assert hit.item_id == newer.item_ids[row]
    gone = older.vectors_ND[3]
    assert "00003" not in {hit.item_id for hit in newer.search(gone, 10)}
    assert older.search(gone, 1)[0].item_id == "00003"
