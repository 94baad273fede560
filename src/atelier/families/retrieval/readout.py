"""Labels of another vocabulary, read out of finished embeddings: a small linear head in plain NumPy.

B = photos, F = features, L = labels
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atelier.families.retrieval.inference import Encoded

RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Strengths of the regularisation that are tried."""
_STEPS = 400
_LEAST_PROBABILITY = 1e-4
"""Smaller ones count as this: the network is never that sure."""


@dataclass(frozen=True)
class Readout:
    """A multinomial logistic regression on what the network says of a photo."""

    labels: tuple[str, ...]
    ridge: float
    mean_F: NDArray[np.float64]
    scale_F: NDArray[np.float64]
    weight_FL: NDArray[np.float64]
    bias_L: NDArray[np.float64]

    def probability(self, feature_BF: NDArray[np.float64]) -> NDArray[np.float64]:
        """[B, L], rows sum to one."""
        return _softmax((feature_BF - self.mean_F) / self.scale_F @ self.weight_FL + self.bias_L)

    def label(self, feature_BF: NDArray[np.float64]) -> list[str]:
        """The likeliest label of each photo."""
        return [self.labels[index] for index in self.probability(feature_BF).argmax(axis=1)]


def features_of(encoded: Encoded) -> NDArray[np.float64]:
    """Embedding and logarithm of the category probabilities, side by side: [B, D + C]."""
    logarithm_BC = np.log(np.maximum(encoded.category_probability, _LEAST_PROBABILITY))
    return np.concatenate([encoded.embedding, logarithm_BC], axis=1).astype(np.float64)


def fit(feature_BF: NDArray[np.float64], labels: Sequence[str], dimension: int, ridge: float) -> Readout:
    """Fit a read-out; the same input gives the same one.

    `dimension`: how many of the features are the embedding. It and the category opinions are centred and
    brought to one size each as a block, so that neither drowns the other. `ridge`: half the weight of the
    squared weights in the mean cross-entropy. Nesterov's accelerated descent with the step of the smoothness
    bound (half the largest eigenvalue of the features' second moments), which needs no search.
    """
    names = tuple(sorted(set(labels)))
    number = {name: index for index, name in enumerate(names)}
    target_BL = np.eye(len(names))[[number[label] for label in labels]]
    mean_F = feature_BF.mean(axis=0)
    spread_F = feature_BF.std(axis=0)
    scale_F = np.empty_like(mean_F)
    for block in (slice(None, dimension), slice(dimension, None)):
        scale_F[block] = max(float(np.sqrt((spread_F[block] ** 2).mean())), 1e-9) if len(mean_F[block]) else 1
    x_BF = np.concatenate([(feature_BF - mean_F) / scale_F, np.ones((len(labels), 1))], axis=1)
    ridge_F1 = np.append(np.full(len(mean_F), ridge), 0.0)[:, None]
    step = 1 / (np.linalg.eigvalsh(x_BF.T @ x_BF / len(labels))[-1] / 2 + ridge)
    weight_FL = ahead_FL = np.zeros((x_BF.shape[1], len(names)))
    for index in range(_STEPS):
        gradient_FL = x_BF.T @ (_softmax(x_BF @ ahead_FL) - target_BL) / len(labels) + ridge_F1 * ahead_FL
        following_FL = ahead_FL - step * gradient_FL
        ahead_FL = following_FL + index / (index + 3) * (following_FL - weight_FL)
        weight_FL = following_FL
    return Readout(names, ridge, mean_F, scale_F, weight_FL[:-1], weight_FL[-1])


def log_loss(readout: Readout, feature_BF: NDArray[np.float64], labels: Sequence[str]) -> float:
    """Mean negative logarithm of what the true labels were given; one it does not know has almost none."""
    probability_BL = readout.probability(feature_BF)
    number = {name: index for index, name in enumerate(readout.labels)}
    given = [
        row[number[label]] if label in number else 0.0
        for row, label in zip(probability_BL, labels, strict=True)
    ]
    return float(-np.log(np.maximum(given, _LEAST_PROBABILITY)).mean())


def _softmax(logits_BL: NDArray[np.float64]) -> NDArray[np.float64]:
    weight_BL = np.exp(logits_BL - logits_BL.max(axis=1, keepdims=True))
    return np.asarray(weight_BL / weight_BL.sum(axis=1, keepdims=True), np.float64)
