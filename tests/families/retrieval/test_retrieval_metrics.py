"""Fast ranks against an obvious slow version."""

from __future__ import annotations

import numpy as np

from atelier.families.retrieval.metrics import (
    per_category,
    rank_among,
    rank_of_item,
    retrieval_metrics,
    top_k,
    two_stages,
)


def unit_rows(rng: np.random.Generator, num: int) -> np.ndarray:
    rows = rng.normal(size=(num, 6)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def slow_rank(query: np.ndarray, gallery: np.ndarray, item: int, gallery_items: np.ndarray) -> int:
    order = sorted(range(len(gallery)), key=lambda row: -float(query @ gallery[row]))
    for place, row in enumerate(order):
        if gallery_items[row] == item:
            return place
    return len(gallery)


def test_two_stages_find_by_recall_and_order_by_relevance_of_the_nearest_look() -> None:
    rng = np.random.default_rng(0)
    look_LK, look_LR, gallery_GK, gallery_GR = (unit_rows(rng, num) for num in (3, 3, 30, 30))
    found_N, cosine_N = two_stages(look_LK, look_LR, gallery_GK, gallery_GR, num=6)

    def nearness(row: int, gallery: np.ndarray, looks: np.ndarray) -> float:
        return max(float(gallery[row] @ look) for look in looks)

    nearest = sorted(range(30), key=lambda row: -nearness(row, gallery_GK, look_LK))[:6]
    slow = sorted(nearest, key=lambda row: -nearness(row, gallery_GR, look_LR))
    assert found_N.tolist() == slow
    np.testing.assert_allclose(cosine_N, [nearness(row, gallery_GR, look_LR) for row in slow], rtol=1e-5)


def test_a_rank_among_the_found_is_their_place_or_the_whole_gallery() -> None:
    found_QN, item_G = np.array([[4, 2, 0], [1, 3, 5]]), np.array([7, 7, 8, 9, 9, 9])
    assert rank_among(found_QN, np.array([7, 9]), item_G).tolist() == [2, 1]
    assert rank_among(found_QN, np.array([6, 8]), item_G).tolist() == [6, 6]


def test_ranks_equal_a_sorted_walk_through_the_gallery() -> None:
    rng = np.random.default_rng(0)
    queries, gallery = unit_rows(rng, 300), unit_rows(rng, 40)
    gallery_items = rng.integers(0, 25, 40)
    query_items = rng.integers(0, 25, 300)
    expected = [
        slow_rank(query, gallery, item, gallery_items)
        for query, item in zip(queries, query_items, strict=True)
    ]
    assert rank_of_item(queries, gallery, query_items, gallery_items).tolist() == expected


def test_a_tie_counts_against_the_query() -> None:
    row = np.array([[1.0, 0.0]], np.float32)
    gallery = np.repeat(row, 3, axis=0)
    assert rank_of_item(row, gallery, np.array([5]), np.array([4, 5, 6])).tolist() == [2]


def test_an_item_that_is_not_in_the_gallery_comes_last() -> None:
    row = np.array([[1.0, 0.0]], np.float32)
    assert rank_of_item(row, row, np.array([5]), np.array([4])).tolist() == [1]
    assert retrieval_metrics(np.array([0, 1, 9, 10])) == {"recall_at_1": 0.25, "recall_at_10": 0.75}


def test_top_k_is_the_best_first_and_bounded_by_the_gallery() -> None:
    rng = np.random.default_rng(1)
    queries, gallery = unit_rows(rng, 4), unit_rows(rng, 7)
    expected = np.argsort(-(queries @ gallery.T), axis=1)
    assert top_k(queries, gallery, 3).tolist() == expected[:, :3].tolist()
    assert top_k(queries, gallery, 20).shape == (4, 7)


def test_categories_come_worst_first_with_their_counts() -> None:
    hits = np.array([True, False, True, True])
    assert list(per_category(hits, ["Belts", "Belts", "Caps", "Caps"]).items()) == [
        ("Belts", (0.5, 2)),
        ("Caps", (1.0, 2)),
    ]
