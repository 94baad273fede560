"""Losses on batches whose answer is known."""

from __future__ import annotations

import torch

from atelier.families.outfit.losses import dssm_loss, hard_loss, judge_loss


def test_another_set_that_lacks_the_same_item_is_no_negative() -> None:
    query = torch.eye(3)
    target = torch.eye(3)[[0, 1, 1]]
    one_source = torch.zeros(3, dtype=torch.long)
    same = dssm_loss(query[[0, 1, 1]], target, torch.tensor([0, 1, 1]), one_source, torch.ones(3), scale=30.0)
    assert same < 1e-5


def test_a_set_counts_as_much_as_its_weight() -> None:
    query, one_source = torch.eye(2)[[0, 0]], torch.zeros(2, dtype=torch.long)
    columns = (query, query, torch.tensor([0, 1]), one_source)
    whole, half, none = (dssm_loss(*columns, torch.full((2,), weight), 30.0) for weight in (1.0, 0.5, 0.0))
    torch.testing.assert_close(half, whole / 2)
    assert none == 0


def test_sets_of_another_source_are_no_rivals() -> None:
    query = torch.eye(2)[[0, 0]]
    item = torch.tensor([0, 1])
    together, apart = (
        dssm_loss(query, query, item, torch.tensor([0, other]), torch.ones(2), 30.0) for other in (0, 1)
    )
    assert together > 0.6, "two pieces that look the same cannot be told apart"
    assert apart < 1e-5


def test_judging_counts_only_the_pairs_that_it_is_given() -> None:
    cosine = torch.tensor([0.9, 0.9, -0.9])
    fits = torch.tensor([True, False, False])
    right, wrong = (
        judge_loss(cosine, fits, torch.tensor(counts), 8.0, 0.3) for counts in ([1.0, 0, 1], [0.0, 1, 0])
    )
    assert right < 0.01
    assert wrong > 4


def test_sets_without_kin_do_not_count() -> None:
    query = torch.eye(2)
    hard = torch.stack([-query, query], 1)
    none = hard_loss(query, query, hard, torch.zeros(2, 2, dtype=torch.bool), scale=10.0)
    assert none == 0
    easy = hard_loss(query, query, hard, torch.tensor([[True, False]] * 2), scale=2.0)
    assert 0 < easy < 0.05
