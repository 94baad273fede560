"""The read-out: it learns what can be told apart, is the optimum of its loss, and is the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from atelier.families.retrieval.inference import Encoded
from atelier.families.retrieval.readout import features_of, fit, log_loss

LABELS = ("Dress", "Hat", "Pants")


def photos(seed: int, num: int = 60, noise: float = 0.3) -> tuple[NDArray[np.float64], list[str]]:
    """Six features; the first three point to the label."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, num)
    feature = rng.normal(0, noise, (num, 6))
    feature[np.arange(num), label] += 1
    return feature, [LABELS[index] for index in label]


def test_it_reads_labels_that_the_features_tell_apart() -> None:
    readout = fit(*photos(0), dimension=4, ridge=0.03)
    feature, labels = photos(1)
    assert np.mean([one == other for one, other in zip(readout.label(feature), labels, strict=True)]) > 0.95
    np.testing.assert_allclose(readout.probability(feature).sum(axis=1), 1)


def test_it_is_the_optimum_of_its_loss() -> None:
    """The gradient of the regularised cross-entropy, worked out anew, vanishes at the fitted weights."""
    feature, labels = photos(0)
    readout = fit(feature, labels, dimension=4, ridge=0.1)
    x = (feature - readout.mean_F) / readout.scale_F
    target = np.asarray([[label == name for name in readout.labels] for label in labels], float)
    error = readout.probability(feature) - target
    assert np.abs(x.T @ error / len(labels) + 0.1 * readout.weight_FL).max() < 1e-4
    assert np.abs(error.mean(axis=0)).max() < 1e-4


def test_the_same_photos_give_the_same_readout() -> None:
    first, second = (fit(*photos(0), dimension=4, ridge=0.1) for _ in range(2))
    np.testing.assert_array_equal(first.weight_FL, second.weight_FL)


def test_more_regularisation_is_less_sure_and_an_unknown_label_costs_most() -> None:
    feature, labels = photos(0)
    weak, strong = (fit(feature, labels, dimension=4, ridge=ridge) for ridge in (0.01, 1.0))
    assert weak.probability(feature).max(axis=1).mean() > strong.probability(feature).max(axis=1).mean()
    assert log_loss(weak, feature[:1], ["Umbrella"]) == pytest.approx(-np.log(1e-4))


def test_features_are_the_embedding_and_the_logarithm_of_the_opinions() -> None:
    embedding = np.asarray([[0.6, 0.8]], np.float32)
    features = features_of(Encoded(embedding, np.asarray([[0.0, 1.0]], np.float32)))
    np.testing.assert_allclose(features, [[0.6, 0.8, np.log(1e-4), 0.0]], rtol=1e-6)
