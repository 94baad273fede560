"""Losses against obvious slow versions and known cases."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from atelier.families.retrieval.losses import (
    MarginSoftmax,
    embedding_distance,
    masked_mean,
    similarity_divergence,
    view_contrast,
)


def unit_rows(num: int, dimension: int = 8, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(num, dimension, generator=torch.Generator().manual_seed(seed)))


def test_margin_softmax_equals_its_definition() -> None:
    loss = MarginSoftmax(num_classes=5, dimension=8, scale=10, margin=0.2)
    embedding, target = unit_rows(3), torch.tensor([4, 0, 2])
    prototypes = F.normalize(loss.prototypes_ND.detach())
    expected = 0.0
    for row, right in zip(embedding, target.tolist(), strict=True):
        cosines = [float(row @ prototype) for prototype in prototypes]
        lowered = [10 * (cosine - 0.2 * (index == right)) for index, cosine in enumerate(cosines)]
        expected += math.log(sum(math.exp(value) for value in lowered)) - lowered[right]
    assert loss(embedding, target).item() == pytest.approx(expected / 3, rel=1e-5)


def test_margin_softmax_leaves_unknown_targets_out() -> None:
    loss = MarginSoftmax(5, 8, 10, 0.2)
    embedding = unit_rows(3)
    known = loss(embedding[:1], torch.tensor([1]))
    assert torch.allclose(loss(embedding, torch.tensor([1, -1, -1])), known)
    assert loss(embedding, torch.tensor([-1, -1, -1])).item() == 0


def test_contrast_is_small_when_views_meet_and_large_when_they_are_swapped() -> None:
    rows = torch.eye(4, 8)
    group = torch.arange(4)
    assert float(view_contrast(rows, rows, group, 0.07)) < 1e-4
    assert float(view_contrast(rows, rows.roll(1, 0), group, 0.07)) > 10


def test_contrast_does_not_push_duplicates_of_one_item_apart() -> None:
    rows = torch.eye(3, 8)[[0, 0, 1]]
    twins = torch.tensor([7, 7, 9])
    assert float(view_contrast(rows, rows, twins, 0.07)) < 1e-4
    assert float(view_contrast(rows, rows, torch.arange(3), 0.07)) > 0.4


def test_a_student_that_agrees_with_its_teacher_loses_nothing() -> None:
    rows, gallery = unit_rows(6), unit_rows(10, seed=1)
    assert float(embedding_distance(rows, rows)) == pytest.approx(0, abs=1e-6)
    assert float(similarity_divergence(rows, rows, gallery, 0.05)) == pytest.approx(0, abs=1e-5)
    other = unit_rows(6, seed=2)
    assert float(embedding_distance(other, rows)) > 0.2
    assert float(similarity_divergence(other, rows, gallery, 0.05)) > 0.2


def test_masked_mean_of_nothing_is_zero() -> None:
    values = torch.tensor([1.0, 5.0])
    assert float(masked_mean(values, torch.tensor([False, True]))) == 5
    assert float(masked_mean(values, torch.tensor([False, False]))) == 0
