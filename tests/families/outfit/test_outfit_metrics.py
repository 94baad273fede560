"""Metrics against the obvious slow way, and questions that are what they say."""

from __future__ import annotations

import numpy as np

from atelier.families.outfit.metrics import compatibility_auc, fill_in_the_blank, recall_at


def test_a_blank_is_filled_when_the_right_answer_scores_above_the_others() -> None:
    scores = np.array([[0.9, 0.1, 0.2, 0.3], [0.1, 0.9, 0.2, 0.3]])
    assert fill_in_the_blank(scores) == 0.5
    assert fill_in_the_blank(np.zeros((3, 4))) == 0.25, "who cannot tell guesses"


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(0)
    good, bad = rng.integers(0, 6, 40) / 1.0, rng.integers(0, 5, 70) / 1.0
    slow = np.mean([(g > b) + 0.5 * (g == b) for g in good for b in bad])
    np.testing.assert_allclose(compatibility_auc(good, bad), slow)


def test_recall_counts_right_pieces_among_the_first_k() -> None:
    assert recall_at(np.array([0, 3, 9, 10]), 10) == 0.75
