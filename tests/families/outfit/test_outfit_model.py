"""The networks: order, padding, and items of which little is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from outfit_toys import (
    SMALL,
    asked,
)

from atelier.families.outfit.config import Kind, NetworkConfig, Pooling
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.validation import item_vectors


@pytest.mark.parametrize(("kind", "pooling"), [("dan", "sum"), ("dan", "max"), ("transformer", "sum")])
def test_a_set_has_no_order_and_padding_is_not_seen(kind: Kind, pooling: Pooling) -> None:
    network = OutfitNetwork(replace(SMALL, generator=kind, pooling=pooling)).eval()
    first, turned, longer = (asked(network, [rows]) for rows in ([3, 7, 9], [9, 3, 7], [3, 7, 9, -1, -1]))
    np.testing.assert_allclose(first, turned, atol=1e-5)
    np.testing.assert_allclose(first, longer, atol=1e-5)


def test_a_sequence_has_an_order_and_padding_is_not_seen() -> None:
    network = OutfitNetwork(replace(SMALL, generator="lstm")).eval()
    first, turned, longer = (asked(network, [rows]) for rows in ([3, 7, 9], [9, 3, 7], [3, 7, 9, -1, -1]))
    assert np.abs(first - turned).max() > 1e-4
    np.testing.assert_allclose(first, longer, atol=1e-5)


def test_items_may_lack_anything_but_not_everything() -> None:
    bare = OutfitNetwork(SMALL).eval()
    none, unknown = torch.zeros(1, 0), torch.zeros(1, 1, dtype=torch.long)
    nothing = ItemFeatures(torch.zeros(1, 4), none, none, unknown)
    assert np.isfinite(item_vectors(bare, nothing)).all()
    with pytest.raises(ValueError, match="a picture, a title or a fact"):
        OutfitNetwork(NetworkConfig())


def test_training_leaves_vectors_out_only_where_facts_are_told() -> None:
    torch.manual_seed(0)
    items = replace(SMALL.items, dropout=0.0, vector_dropout=1.0)
    tower = OutfitNetwork(replace(SMALL, items=items)).items.train()
    none, told = torch.zeros(2, 0), torch.tensor([[3], [0]])
    first, second = (tower(ItemFeatures(torch.eye(4)[[n, n]], none, none, told)) for n in (0, 1))
    assert torch.equal(first[0], second[0]), "the category alone is left"
    assert (first[1] - second[1]).abs().max() > 1e-3, "what has no facts keeps its picture"
