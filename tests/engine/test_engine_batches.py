"""The average, the schedule, the batches and the randomness, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import NamedTuple

import pytest
import torch
from engine_toys import CONFIG, ToyBatch, ToyData
from torch import Tensor

from atelier.engine.batches import Batches, BatchIndices, Carried, to_device


def indices(start: int = 0, rank: int = 0, num_ranks: int = 1, batch_size: int = 8) -> Iterator[list[int]]:
    return iter(BatchIndices(43, replace(CONFIG, batch_size=batch_size), start, rank, num_ranks))


def test_each_epoch_shows_samples_once_in_a_new_order() -> None:
    first, second = ([*chain(*islice(indices(start), 5))] for start in (0, 5))
    assert len(first) == len(set(first)) == 40
    assert first != second


@pytest.mark.parametrize("start", [1, 5, 13])
def test_batches_can_start_anywhere(start: int) -> None:
    assert list(islice(indices(start), 9)) == list(islice(indices(), start, start + 9))


def test_two_ranks_share_what_one_would_see() -> None:
    pairs = zip(indices(rank=0, num_ranks=2), indices(rank=1, num_ranks=2), strict=True)
    assert [a + b for a, b in islice(pairs, 2)] == list(islice(indices(batch_size=16), 2))


def test_after_the_distinct_epochs_the_first_comes_again() -> None:
    config = replace(CONFIG, batch_size=8, distinct_epochs=2)
    recurring = BatchIndices(43, config, start=3, rank=0, num_ranks=1)
    seen = list(islice(recurring, 12))
    assert seen[:7] == list(islice(indices(3), 7))
    assert seen[7:] == list(islice(indices(), 5))
    assert [recurring.first_seen(number) for number in (3, 9, 10, 23)] == [3, 9, 0, 3]
    assert BatchIndices(43, CONFIG, 0, 0, 1).first_seen(23) == 23


def test_a_dataset_may_return_whole_batches() -> None:
    class Whole:
        def __len__(self) -> int:
            return 43

        def __getitems__(self, indices: list[int]) -> Tensor:
            return torch.tensor(indices)

        def collate(self, batch: Tensor) -> Tensor:
            return batch

    batches = Batches(Whole(), CONFIG, start=3)
    assert [batch.tolist() for batch in islice(batches, 4)] == list(islice(indices(3), 4))


def test_loader_processes_change_nothing() -> None:
    plain, loaded = (Batches(ToyData(), replace(CONFIG, num_workers=n), start=3) for n in (0, 1))
    for ours, theirs in zip(islice(plain, 4), islice(loaded, 4), strict=True):
        assert torch.equal(ours.features, theirs.features)


def test_every_tensor_in_a_batch_travels() -> None:
    class Pair(NamedTuple):
        one: Tensor
        name: str

    tensor = torch.ones(2)
    batch = {"a": [ToyBatch(tensor, tensor)], "b": (tensor, 3), "c": Pair(tensor, "x"), "d": None}
    moved = to_device(batch, torch.device("meta"))
    assert moved["a"][0].label.is_meta
    assert moved["b"][0].is_meta
    assert moved["b"][1] == 3
    assert moved["c"].one.is_meta
    assert moved["c"].name == "x"
    assert moved["d"] is None


def test_a_batch_on_its_way_pins_every_tensor_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pinning itself needs a GPU: here it leaves a mark instead."""
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor + 1)
    pinned = Carried((ToyBatch(torch.zeros(2), torch.zeros(2)), {"label": torch.zeros(3)})).pin_memory()
    toys, labels = pinned.batch
    assert [tensor.sum().item() for tensor in (toys.features, toys.label, labels["label"])] == [2, 2, 3]
