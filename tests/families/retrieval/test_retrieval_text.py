"""The text tower: unit rows, blind to padding and to the order of tokens."""

from __future__ import annotations

import pytest
import torch

from atelier.families.retrieval.config import TextConfig
from atelier.families.retrieval.text import TextTower
from atelier.families.retrieval.tokens import PADDING

CONFIG = TextConfig(num_buckets=50, width=8, hidden=16)


@pytest.fixture
def tower() -> TextTower:
    torch.manual_seed(0)
    return TextTower(CONFIG, dimension=6).eval()


def test_rows_are_of_length_one_and_differ_by_their_tokens(tower: TextTower) -> None:
    rows = tower(torch.tensor([[3, 7, 9], [4, 7, 9]]))
    assert rows.shape == (2, 6)
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(2))
    assert not torch.allclose(rows[0], rows[1], atol=1e-3)


def test_padding_and_the_order_of_tokens_are_not_seen(tower: TextTower) -> None:
    short, long, turned = (tower(torch.tensor([row])) for row in ([3, 7], [3, 7, PADDING, PADDING], [7, 3]))
    torch.testing.assert_close(short, long)
    torch.testing.assert_close(short, turned)


def test_padding_learns_nothing(tower: TextTower) -> None:
    tower(torch.tensor([[3, PADDING]])).sum().backward()
    gradient = tower.embedding.weight.grad
    assert gradient is not None
    assert not gradient[PADDING].any()
    assert gradient[3].any()


def test_a_text_without_tokens_has_a_finite_row(tower: TextTower) -> None:
    row = tower(torch.full((1, 4), PADDING))
    assert bool(torch.isfinite(row).all())
