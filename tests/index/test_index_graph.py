"""Graphs: which library a processor runs, and files that are none."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from test_index_graph_searcher import NUM, VECTORS, clustered, recall

from atelier.errors import CatalogueIndexError
from atelier.index.graph import Library, build_graph, load_graph, processor_flags, usable_library
from atelier.index.graph_searcher import GraphSearcher
from atelier.index.saved import make_searcher

ALL = np.arange(NUM)


@pytest.mark.parametrize("flags", [{"sse4_2"}, {"sse4_2", "avx2"}, set()])
def test_without_avx2_another_library_answers_and_says_so(
    flags: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert usable_library("x86_64", flags) == "faiss"
    assert "FAISS's HNSW searches instead" in caplog.text


def test_the_library_that_is_asked_for_first_needs_avx2_and_fma_or_arm() -> None:
    assert usable_library("x86_64", {"avx2", "fma"}) == "symphonyqg"  # AVX-512 is used, not needed
    assert usable_library("aarch64", set()) == "symphonyqg"


def test_processor_flags_are_those_of_the_kernel(tmp_path: Path) -> None:
    listed = tmp_path / "cpuinfo"
    listed.write_text("processor\t: 0\nflags\t\t: fpu avx2 fma\n\nprocessor\t: 1\nflags\t\t: fpu avx2 fma\n")
    assert processor_flags(listed) == {"fpu", "avx2", "fma"}
    assert processor_flags(tmp_path / "none") == set()


def test_the_other_library_finds_as_well_with_additions_deletions_and_filters() -> None:
    searcher = make_searcher(VECTORS, graph_from=NUM, library="faiss")
    assert isinstance(searcher, GraphSearcher)
    assert "faiss of 3,000" in searcher.description
    assert recall(searcher, VECTORS, ALL) >= 0.98
    new = clustered(50, seed=2)
    searcher.add(new)
    searcher.remove(ALL[::10])
    left = np.setdiff1d(np.arange(NUM + 50), ALL[::10])
    assert recall(searcher, np.concatenate([VECTORS, new]), left) >= 0.98


@pytest.mark.parametrize("name", ["searcher.symphonyqg", "searcher.faiss"])
def test_a_file_that_is_no_graph_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"something else" * 100)
    with pytest.raises(CatalogueIndexError, match="expected a graph of a searcher"):
        load_graph(tmp_path / name)


@pytest.mark.parametrize("library", ["symphonyqg", "faiss"])
def test_a_saved_graph_finds_what_it_found(tmp_path: Path, library: Library) -> None:
    if library == "symphonyqg" and usable_library() != "symphonyqg":
        pytest.skip("this processor cannot run SymphonyQG")
    vectors = clustered(400, seed=5)
    graph = build_graph(vectors, threads=1, library=library)
    assert (len(graph), graph.dimension, graph.library) == (400, vectors.shape[1], library)
    graph.save(tmp_path / f"graph.{library}")
    again = load_graph(tmp_path / f"graph.{library}")
    for query in vectors[:5]:
        rows, scores = graph.search(query, 5, 40)
        assert rows[0] == np.argmax(vectors @ query)
        np.testing.assert_allclose(scores, vectors[rows] @ query, atol=1e-4)
        assert again.search(query, 5, 40)[0].tolist() == rows.tolist()


def test_short_vectors_go_to_the_library_that_takes_them() -> None:
    short = np.ascontiguousarray(clustered(100, seed=6)[:, :16])
    short /= np.linalg.norm(short, axis=1, keepdims=True)
    assert build_graph(short, threads=1).library == "faiss"


def test_more_than_there_is_gives_what_there_is() -> None:
    vectors = clustered(60, seed=7)
    rows, _ = build_graph(vectors, threads=1, library="faiss").search(vectors[0], 100, 100)
    assert sorted(rows.tolist()) == list(range(60))
