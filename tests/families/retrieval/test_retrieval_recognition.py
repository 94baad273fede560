"""The catalogue around a photo has a say in what it shows."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.families.retrieval.recognition import recognise


def probabilities(*rows: tuple[float, ...]) -> np.ndarray:
    return np.asarray(rows, np.float32)


def test_neighbours_overrule_a_network_in_doubt() -> None:
    unsure = probabilities((0.4, 0.35, 0.25))
    seen = recognise(unsure, np.full((1, 3), 0.9, np.float32), np.array([[1, 1, 2]]))
    assert seen.argmax() == 1
    assert seen.sum() == pytest.approx(1)
    assert seen[0] == pytest.approx([0.2, 0.175 + 1 / 3, 0.125 + 1 / 6])


def test_a_nearer_neighbour_counts_more() -> None:
    even = probabilities((0.5, 0.5))
    seen = recognise(even, np.array([[0.9, 0.8]], np.float32), np.array([[0, 1]]))
    weights = np.array([1, np.exp(-2)])
    assert seen[0] == pytest.approx(0.25 + 0.5 * weights / weights.sum())


def test_without_known_neighbours_the_network_decides() -> None:
    own = probabilities((0.7, 0.3), (0.1, 0.9))
    assert recognise(own, np.ones((2, 1), np.float32), np.array([[-1], [-1]])) == pytest.approx(own)
    assert recognise(own, np.ones((2, 0), np.float32), np.zeros((2, 0), int)) == pytest.approx(own)
