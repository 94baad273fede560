"""Exact search equals sorting all scores, with and without a selection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atelier.index import searcher
from atelier.index.searcher import ExactSearcher, Selection, scan, top


def _unit(num: int, seed: int = 0, dimension: int = 8) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(num, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


VECTORS = _unit(200)
QUERIES = _unit(5, seed=1)


def slowly(query: np.ndarray, k: int, rows: np.ndarray) -> list[int]:
    scores = VECTORS[rows] @ query
    return [int(row) for row in rows[np.argsort(-scores, kind="stable")][:k]]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), k=st.integers(1, 250), share=st.floats(0, 1))
def test_the_nearest_of_a_selection_are_those_of_a_sorted_walk(seed: int, k: int, share: float) -> None:
    mask = np.random.default_rng(seed).random(200) < share
    rows, scores = ExactSearcher(VECTORS).search(QUERIES[0], k, Selection(mask))
    assert rows.tolist() == slowly(QUERIES[0], k, np.flatnonzero(mask))
    np.testing.assert_allclose(scores, VECTORS[rows] @ QUERIES[0], atol=1e-6)


@pytest.mark.parametrize("at_once", [1, 450, 10_000])
@pytest.mark.parametrize("selected", [False, True])
def test_a_batch_answers_like_each_query_alone(
    monkeypatch: pytest.MonkeyPatch, at_once: int, selected: bool
) -> None:
    monkeypatch.setattr(searcher, "_SCORES_AT_ONCE", at_once)
    exact = ExactSearcher(VECTORS)
    selection = Selection(np.arange(200) % 3 == 0) if selected else None
    together = exact.search_batch(QUERIES, 7, selection)
    assert len(together) == 5
    for query, (rows, scores) in zip(QUERIES, together, strict=True):
        alone_rows, alone_scores = exact.search(query, 7, selection)
        assert rows.tolist() == alone_rows.tolist()
        np.testing.assert_allclose(scores, alone_scores, atol=1e-6)


def test_rows_that_tie_with_the_last_are_added_and_stand_in_their_order() -> None:
    exact = ExactSearcher(np.repeat(VECTORS[:2], 4, axis=0))
    rows, _ = exact.search(VECTORS[0], 2)
    assert rows.tolist() == [0, 1, 2, 3]


def test_top_gives_exactly_k_the_best_first() -> None:
    rows, scores = top(np.array([0.1, 0.9, 0.9, 0.5], np.float32), 2, np.array([10, 11, 12, 13]))
    assert sorted(rows.tolist()) == [11, 12]
    assert scores.tolist() == pytest.approx([0.9, 0.9])
    assert top(np.array([0.1], np.float32), 5, np.array([3]))[0].tolist() == [3]


@pytest.mark.parametrize("num", [3, 150])
def test_few_and_many_rows_are_scanned_alike(num: int) -> None:
    """Few rows are gathered, of many all are scored."""
    chosen = np.sort(np.random.default_rng(2).choice(200, num, replace=False))
    assert scan(VECTORS, chosen, QUERIES[1], 3)[0].tolist() == slowly(QUERIES[1], 3, chosen)


def test_a_selection_knows_its_rows_and_their_number() -> None:
    selection = Selection(np.array([False, True, True, False, True]))
    assert selection.count == 3
    assert selection.rows.tolist() == [1, 2, 4]


def test_a_searcher_says_what_answers() -> None:
    exact = ExactSearcher(_unit(1200))
    assert len(exact) == 1200
    assert exact.description == "exact, 1,200 rows"
