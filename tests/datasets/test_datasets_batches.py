"""A batch of products moves to another device whole."""

from __future__ import annotations

from dataclasses import fields

import torch

from atelier.datasets.batches import ProductBatch


def test_every_tensor_of_a_batch_moves() -> None:
    batch = ProductBatch(*(torch.zeros(2) for _ in fields(ProductBatch)))
    moved = batch.to(torch.device("meta"))
    assert all(getattr(moved, each.name).is_meta for each in fields(ProductBatch))
    assert not any(getattr(batch, each.name).is_meta for each in fields(ProductBatch))
