"""The fast searcher against an obvious slow one: filtered, added to, deleted from, and rebuilt meanwhile.

3,000 vectors of 64 dimensions in 100 groups: enough for a graph to be a graph, and built in a second.
"""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from atelier.errors import CatalogueIndexError
from atelier.index.graph import Graph, Rows, build_graph
from atelier.index.graph_searcher import GraphSearcher
from atelier.index.searcher import ExactSearcher, Searcher, Selection

NUM, DIMENSION = 3_000, 64
K = 10


def clustered(num: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors about 100 centres, which are the same for every seed."""
    centres = np.random.default_rng(7).standard_normal((100, DIMENSION))
    random = np.random.default_rng(seed)
    vectors = centres[random.integers(0, 100, num)] + 0.4 * random.standard_normal((num, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = clustered(NUM, seed=0)
QUERIES = clustered(100, seed=1)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_graph(VECTORS, threads=2)


@pytest.fixture
def searcher(graph: Graph) -> GraphSearcher:
    return GraphSearcher(VECTORS, graph, ef=64, reach=20, threads=2, loose_rows=400)


def nearest(vectors: NDArray[np.float32], rows: Rows, query: NDArray[np.float32]) -> set[int]:
    """The obvious slow search."""
    order = np.argsort(-(vectors[rows] @ query), kind="stable")[:K]
    return set(rows[order].tolist())


def recall(
    searcher: Searcher,
    vectors: NDArray[np.float32],
    rows: Rows,
    selection: Selection | None = None,
) -> float:
    """Share of the true nearest of `rows` that are found, and nothing else is."""
    shares = []
    for query in QUERIES:
        found, scores = searcher.search(query, K, selection)
        assert len(found) == len(set(found.tolist())) == min(K, len(rows))
        assert np.all(np.diff(scores) <= 0)
        assert set(found.tolist()) <= set(rows.tolist())
        np.testing.assert_allclose(scores, vectors[found] @ query, atol=1e-5)
        shares.append(len(nearest(vectors, rows, query) & set(found.tolist())) / max(1, min(K, len(rows))))
    return float(np.mean(shares))


def test_the_graph_finds_what_an_exact_search_finds(searcher: GraphSearcher) -> None:
    assert recall(searcher, VECTORS, np.arange(NUM)) >= 0.98
    assert recall(ExactSearcher(VECTORS), VECTORS, np.arange(NUM)) == 1


@pytest.mark.parametrize("share", [0.9, 0.5, 0.05, 0.001])
def test_filters_cost_no_recall_at_any_selectivity(searcher: GraphSearcher, share: float) -> None:
    selection = Selection(np.random.default_rng(3).random(NUM) < share)
    assert recall(searcher, VECTORS, selection.rows, selection) >= 0.98
    assert recall(ExactSearcher(VECTORS), VECTORS, selection.rows, selection) == 1


def test_a_filter_that_only_far_rows_pass_costs_no_recall(searcher: GraphSearcher) -> None:
    """As for a shopper who looks for shoes with the photo of a dress: no neighbour passes."""
    shares = []
    for query in QUERIES:
        far = Selection(VECTORS @ query < 0.15)
        assert NUM / 5 < far.count < NUM * 0.95
        found, _ = searcher.search(query, K, far)
        shares.append(len(set(found.tolist()) & nearest(VECTORS, far.rows, query)) / K)
    assert np.mean(shares) >= 0.98


def test_nothing_and_more_than_there_is(searcher: GraphSearcher) -> None:
    assert len(searcher.search(QUERIES[0], K, Selection(np.zeros(NUM, bool)))[0]) == 0
    rows, _ = searcher.search(QUERIES[0], NUM + 5)
    assert sorted(rows.tolist()) == list(range(NUM))


def test_additions_are_found_at_once(searcher: GraphSearcher) -> None:
    new = clustered(150, seed=2)
    rows = searcher.add(new[:50])
    assert rows.tolist() == list(range(NUM, NUM + 50))
    searcher.add(new[50:])
    everything = np.concatenate([VECTORS, new])
    assert len(searcher) == len(everything)
    assert [searcher.search(vector, 1)[0][0] for vector in new] == list(range(NUM, NUM + 150))
    assert recall(searcher, everything, np.arange(NUM + 150)) >= 0.98
    assert "150 new" in searcher.description


def test_deletions_are_gone_at_once(searcher: GraphSearcher) -> None:
    gone = np.random.default_rng(4).choice(NUM, 450, replace=False)
    searcher.remove(gone)
    left = np.setdiff1d(np.arange(NUM), gone)
    assert recall(searcher, VECTORS, left) >= 0.98
    half = Selection(np.arange(NUM) % 2 == 0)
    assert recall(searcher, VECTORS, left[left % 2 == 0], half) >= 0.98
    assert searcher.wait(0), "15 % deleted is no reason to build anew"
    for rows in ([int(gone[0])], [NUM], [-1]):
        with pytest.raises(IndexError, match="rows that are there"):
            searcher.remove(rows)


def test_many_changes_are_built_into_new_graphs_in_the_background(searcher: GraphSearcher) -> None:
    new = clustered(1_000, seed=5)
    for start in range(0, 1_000, 250):
        searcher.add(new[start : start + 250])
    gone = np.concatenate([np.arange(0, NUM, 3), np.arange(NUM, NUM + 100)])
    searcher.remove(gone)
    assert searcher.wait(60)
    everything = np.concatenate([VECTORS, new])
    left = np.setdiff1d(np.arange(len(everything)), gone)
    assert recall(searcher, everything, left) >= 0.98
    assert sum(len(graph) for graph in searcher.graphs) >= len(left) - 400, "most rows are in graphs"
    assert sum(len(graph) for graph in searcher.graphs) < len(everything), "the deleted ones are out of them"


def test_nothing_is_lost_by_changes_during_a_rebuild(searcher: GraphSearcher) -> None:
    """One thread adds and removes all the time, one asks all the time, and graphs are rebuilt beside them."""
    new = clustered(2_000, seed=6)
    wrong: list[str] = []
    is_done = threading.Event()

    def ask() -> None:
        while not is_done.is_set():
            for query in QUERIES[:10]:
                rows, _ = searcher.search(query, K)
                if len(set(rows.tolist())) != K:
                    wrong.append(f"{rows}")

    asking = threading.Thread(target=ask)
    asking.start()
    gone = []
    for start in range(0, 2_000, 50):
        rows = searcher.add(new[start : start + 50])
        last = searcher.search(new[start + 49], 1)[0][0]
        if last != rows[-1]:
            wrong.append(f"row {rows[-1]} was added and {last} found")
        searcher.remove([int(rows[0])])
        gone.append(int(rows[0]))
    is_done.set()
    asking.join()
    assert searcher.wait(60)
    assert wrong == []
    everything = np.concatenate([VECTORS, new])
    left = np.setdiff1d(np.arange(len(everything)), gone)
    assert recall(searcher, everything, left) >= 0.98
    assert sum(len(graph) for graph in searcher.graphs) <= len(everything), "no row is in two graphs"


def test_a_change_takes_less_than_a_second_to_be_seen(searcher: GraphSearcher) -> None:
    started = time.monotonic()
    (row,) = searcher.add(QUERIES[:1])
    assert searcher.search(QUERIES[0], 1)[0][0] == row
    searcher.remove([row])
    assert searcher.search(QUERIES[0], 1)[0][0] != row
    assert time.monotonic() - started < 1


def test_a_newer_catalogue_shares_the_graph(searcher: GraphSearcher) -> None:
    """Rows move when items come and go, because they are in order of item id."""
    kept = np.setdiff1d(np.arange(NUM), np.arange(0, NUM, 40))
    newer = np.concatenate([clustered(60, seed=8), VECTORS[kept]])
    row_of_old = np.full(NUM, -1)
    row_of_old[kept] = np.arange(len(kept)) + 60
    moved = searcher.moved(newer, row_of_old)
    assert moved is not None
    assert moved.graphs == searcher.graphs
    assert recall(moved, newer, np.arange(len(newer))) >= 0.98
    odd = Selection(np.arange(len(newer)) % 2 == 1)
    assert recall(moved, newer, odd.rows, odd) >= 0.98
    assert recall(searcher, VECTORS, np.arange(NUM)) >= 0.98, "the older one answers as before"
    assert searcher.moved(clustered(NUM, seed=9), np.full(NUM, -1)) is None, "nothing in it is the same"


def test_a_batch_answers_like_each_query_alone(searcher: GraphSearcher) -> None:
    for (rows, _), query in zip(searcher.search_batch(QUERIES, K), QUERIES, strict=True):
        np.testing.assert_array_equal(rows, searcher.search(query, K)[0])


def test_threads_with_different_widths_do_not_disturb_each_other(searcher: GraphSearcher) -> None:
    """The library keeps the width of a search in the index: without care they would take each other's."""
    expected = {k: [searcher.search(query, k)[0].tolist() for query in QUERIES] for k in (5, 200)}
    wrong: list[int] = []

    def ask(k: int) -> None:
        for _ in range(5):
            wrong.extend(
                k
                for query, rows in zip(QUERIES, expected[k], strict=True)
                if searcher.search(query, k)[0].tolist() != rows
            )

    threads = [threading.Thread(target=ask, args=(k,)) for k in (5, 200, 5, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_graph_of_other_vectors_is_refused(graph: Graph) -> None:
    with pytest.raises(CatalogueIndexError, match="needs a graph of them"):
        GraphSearcher(VECTORS[:-1], graph, ef=32, reach=20)
    with pytest.raises(ValueError, match="loose_rows: expected at least"):
        GraphSearcher(VECTORS, graph, ef=32, reach=20, loose_rows=1)
