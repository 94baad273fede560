"""Losses on batches whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from atelier.families.ranking.losses import click_loss, own_click_loss


def test_inverse_propensity_weights_make_every_set_count_alike() -> None:
    """A set that was shown nine times as often as another: its mistakes count no more than the other's."""
    often, seldom = torch.full((9,), 0.9), torch.full((1,), 0.1)
    propensity = torch.cat([often, seldom])
    clicked = torch.tensor([True] * 9 + [False])
    even = click_loss(torch.zeros(10), clicked, propensity, max_weight=100.0)
    assert even == pytest.approx(math.log(2))
    confident = click_loss(torch.full((10,), 2.0), clicked, propensity, max_weight=100.0)
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2
    assert confident == pytest.approx(expected, rel=1e-5)
    clipped = click_loss(torch.full((10,), 2.0), clicked, propensity, max_weight=1.0)
    assert clipped < confident


def test_own_clicks_leave_out_what_the_user_also_likes() -> None:
    rows = torch.cat([torch.eye(3), torch.zeros(3, 2)], 1)
    user = sets = rows[[0, 0, 2]]
    none = torch.full((3, 2), -1)
    scale = torch.tensor(30.0)
    doubt = own_click_loss(user, sets, torch.tensor([5, 6, 7]), none, scale)
    assert doubt == pytest.approx(2 / 3 * math.log(2)), "two of three stand before two equal sets"
    twins = own_click_loss(user, sets, torch.tensor([5, 5, 7]), none, scale)
    assert twins < 1e-5, "the same set clicked by another is no negative"
    history = torch.tensor([[6, -1], [5, -1], [-1, -1]])
    liked = own_click_loss(user, sets, torch.tensor([5, 6, 7]), history, scale)
    assert liked < 1e-5, "nor is what the user clicked before"
    assert own_click_loss(user[:1], sets[:1], torch.tensor([5]), none[:1], scale) == 0
