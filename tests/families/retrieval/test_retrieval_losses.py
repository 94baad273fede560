"""Losses against obvious slow versions and known cases."""

from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
import torch.nn.functional as F

from atelier.families.retrieval.losses import (
    MarginSoftmax,
    PairContrast,
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


def test_a_sampled_softmax_sees_all_right_classes_and_costs_the_sample() -> None:
    torch.manual_seed(0)
    loss = MarginSoftmax(num_classes=1000, dimension=8, scale=10, margin=0.2, num_sampled=50)
    embedding, target = unit_rows(3), torch.tensor([999, 0, 999])
    loss(embedding, target).backward()
    assert loss.prototypes_ND.grad is not None
    touched = loss.prototypes_ND.grad.abs().sum(1) > 0
    assert int(touched.sum()) == 50
    assert bool(touched[[0, 999]].all())
    whole = MarginSoftmax(1000, 8, 10, 0.2)
    whole.load_state_dict(loss.state_dict())
    torch.testing.assert_close(loss.eval()(embedding, target), whole(embedding, target))


@pytest.mark.parametrize("form", ["softmax", "sigmoid"])
def test_pair_contrast_falls_when_photos_and_titles_meet(form: Literal["softmax", "sigmoid"]) -> None:
    loss, image, group = PairContrast(form), unit_rows(4), torch.arange(4)
    assert loss(image, image, group) < loss(image, image.roll(1, 0), group)
    alike = torch.tensor([0, 0, 2, 3])
    swapped = image[[1, 0, 2, 3]]
    assert loss(image, swapped, alike) < loss(image, swapped, group), "two colours under one title"


def test_sigmoid_contrast_equals_its_definition() -> None:
    loss, image, text = PairContrast("sigmoid"), unit_rows(3), unit_rows(3, seed=1)
    expected = 0.0
    for row in range(3):
        for column in range(3):
            logit = 10 * float(image[row] @ text[column]) - 10
            expected += math.log(1 + math.exp(-logit if row == column else logit)) / 3
    assert loss(image, text, torch.arange(3)).item() == pytest.approx(expected, rel=1e-4)


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
