"""The average, the schedule, the batches and the randomness, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import NamedTuple

import pytest
import torch
from engine_toys import CONFIG, ToyBatch, ToyData
from torch import Tensor, nn

from atelier.engine.batches import Batches, BatchIndices, Carried, to_device
from atelier.engine.config import EngineConfig
from atelier.engine.ema import ExponentialMovingAverage
from atelier.engine.randomness import StepRandomness, derive_seed
from atelier.engine.schedule import learning_rate_at


def stepping_module() -> Iterator[nn.Module]:
    """A module whose weights and statistics move at random, once for each item."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    while True:
        yield module
        with torch.no_grad():
            for tensor in [*module.parameters(), *module.buffers()]:
                tensor.add_(torch.randn(tensor.shape).to(tensor.dtype))


def test_average_equals_an_obvious_slow_one() -> None:
    modules = stepping_module()
    module = next(modules)
    ema = ExponentialMovingAverage(module, decay=0.8)
    slow = {name: tensor.double() for name, tensor in module.named_parameters()}
    for step in range(30):
        next(modules)
        ema.update(step)
        decay = min(0.8, (1 + step) / (10 + step))
        slow = {n: decay * slow[n] + (1 - decay) * t.double() for n, t in module.named_parameters()}
    for name, tensor in slow.items():
        torch.testing.assert_close(ema.tensors()[name].double(), tensor, rtol=1e-5, atol=1e-6)
    for name, tensor in module.named_buffers():
        assert torch.equal(ema.tensors()[name], tensor)


def test_average_swaps_in_and_out() -> None:
    modules = stepping_module()
    module = next(modules)
    ema = ExponentialMovingAverage(module, decay=0.99)
    next(modules)
    ema.update(100)
    own = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(ZeroDivisionError), ema.swapped_in():
        assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in ema.tensors().items())
        assert not torch.equal(module.state_dict()["0.weight"], own["0.weight"])
        raise ZeroDivisionError
    assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in own.items())


def test_average_of_tied_weights_stays_tied() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    ema = ExponentialMovingAverage(module, decay=0.5)
    with torch.no_grad():
        module[0].weight.zero_()
    ema.update(100)
    averaged = ema.tensors()["0.weight"].clone()
    ema.copy_to_module()
    assert torch.equal(module[1].weight, averaged)


def test_schedule_warms_up_then_follows_a_cosine() -> None:
    config = EngineConfig(max_steps=110, warmup_steps=10, learning_rate=2.0, final_learning_rate_share=0.1)
    rates = [learning_rate_at(step, config) for step in range(110)]
    assert rates[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert rates[10] == 2.0
    assert rates[60] == pytest.approx(0.2 + 1.8 / 2)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert learning_rate_at(110, config) == pytest.approx(0.2)


def test_schedule_without_warm_up_or_with_nothing_else() -> None:
    assert learning_rate_at(0, EngineConfig(max_steps=5, warmup_steps=0, learning_rate=1.0)) == 1.0
    assert learning_rate_at(3, EngineConfig(max_steps=4, warmup_steps=4, learning_rate=1.0)) == 1.0


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


def test_randomness_depends_on_position_and_rank_alone() -> None:
    def draw(position: int, rank: int = 0, batch: int | None = None) -> tuple[float, float]:
        batch = position if batch is None else batch
        generator = StepRandomness(1, rank, torch.device("cpu")).at(position, batch)
        return torch.rand(1).item(), torch.rand(1, generator=generator).item()

    assert draw(5) == draw(5)
    drawn = [value for position in range(3) for rank in range(2) for value in draw(position, rank)]
    assert len(set(drawn)) == len(drawn)
    assert derive_seed(1, 23) != derive_seed(12, 3)
    assert draw(9, batch=5)[1] == draw(5)[1], "a batch that comes again is prepared as before"
    assert draw(9, batch=5)[0] != draw(5)[0], "dropout is new at every step"


def test_a_batch_on_its_way_pins_every_tensor_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pinning itself needs a GPU: here it leaves a mark instead."""
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor + 1)
    pinned = Carried((ToyBatch(torch.zeros(2), torch.zeros(2)), {"label": torch.zeros(3)})).pin_memory()
    toys, labels = pinned.batch
    assert [tensor.sum().item() for tensor in (toys.features, toys.label, labels["label"])] == [2, 2, 3]
