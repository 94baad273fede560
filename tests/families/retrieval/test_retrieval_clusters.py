"""Balanced clusters within categories: sizes, purity, and independence of the order of products."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.families.retrieval.clusters import ClusterSpread, look_alike_clusters, title_purity


def blobs(sizes: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around far-apart centres, and which centre each is of."""
    random = np.random.default_rng(seed)
    blob = np.repeat(np.arange(len(sizes)), sizes)
    centres = 20 * random.standard_normal((len(sizes), 6))
    return (centres[blob] + random.standard_normal((len(blob), 6))).astype(np.float32), blob


def test_look_alikes_share_a_cluster_and_categories_never_do() -> None:
    features, blob = blobs([12, 12, 12, 12])
    category = blob // 2
    clusters = look_alike_clusters(features, category, items_per_cluster=12)
    assert len(np.unique(clusters)) == 4
    assert all(len(np.unique(clusters[blob == number])) == 1 for number in range(4))


@pytest.mark.parametrize("factor", [1.0, 1.5, 3.0])
def test_sizes_keep_within_the_factor_however_uneven_the_blobs_are(factor: float) -> None:
    features, _ = blobs([700, 20, 5, 75])
    sizes = np.bincount(look_alike_clusters(features, np.zeros(800, int), 10, factor))
    assert len(sizes) == 80
    assert sizes.min() >= int(10 / factor)
    assert sizes.max() <= np.ceil(10 * factor)


def test_a_wider_factor_follows_the_blobs_better() -> None:
    features, blob = blobs([30, 10, 10, 30])
    strict, loose = (
        title_purity(look_alike_clusters(features, np.zeros(80, int), 20, factor), blob)
        for factor in (1.0, 2.0)
    )
    assert loose > strict


def test_the_order_of_products_does_not_matter() -> None:
    features, blob = blobs([40, 33, 90, 7])
    category = blob % 2
    clusters = look_alike_clusters(features, category, 9)
    order = np.random.default_rng(1).permutation(len(blob))
    assert (look_alike_clusters(features[order], category[order], 9) == clusters[order]).all()


def test_products_that_look_exactly_alike_are_still_split_evenly() -> None:
    sizes = np.bincount(look_alike_clusters(np.ones((64, 4), np.float32), np.zeros(64, int), 8))
    assert len(sizes) == 8
    assert ClusterSpread.of(np.repeat(np.arange(8), sizes)).largest <= 16


def test_title_purity_is_the_share_of_mates_called_the_same() -> None:
    clusters = np.array([0, 0, 0, 1, 1, 2])
    nouns = np.array([0, 0, 1, 2, 2, 3])
    expected = np.mean([1 / 2, 1 / 2, 0, 1, 1])
    assert title_purity(clusters, nouns) == pytest.approx(expected)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="size_factor"):
        look_alike_clusters(np.ones((2, 2)), np.zeros(2, int), 2, 0.5)
    with pytest.raises(ValueError, match="2 rows of features for 3"):
        look_alike_clusters(np.ones((2, 2)), np.zeros(3, int), 2)
