"""An endless stream of batches that can start anywhere.

Which samples make batch number n is a pure function of (seed, n, process): resuming is starting at another
number, without reading what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any, cast

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from atelier.engine.config import EngineConfig
from atelier.engine.randomness import derive_seed
from atelier.errors import TrainingError


class Batches:
    """Iterates over batches on the device, beginning with batch `start` of the whole run.

    The dataset is map-style. Its `__getitems__` fetches a whole batch where it has one, its `collate` joins
    the samples where it has one. A dataset should be deterministic: augmentation belongs into `Task.prepare`.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        config: EngineConfig,
        *,
        start: int = 0,
        rank: int = 0,
        num_ranks: int = 1,
        device: torch.device | None = None,
    ) -> None:
        self._device = device or torch.device("cpu")
        self.indices = BatchIndices(len(cast(Sized, dataset)), config, start, rank, num_ranks)
        self._loader = DataLoader(
            dataset,
            batch_sampler=cast(Any, self.indices),
            collate_fn=partial(_carried, getattr(dataset, "collate", default_collate)),
            num_workers=config.num_workers,
            pin_memory=self._device.type == "cuda",
            # Of its own, so that starting workers draws nothing from the process-wide generator.
            generator=torch.Generator().manual_seed(derive_seed("loader", config.seed, start)),
        )

    def __iter__(self) -> Iterator[Any]:
        for carried in self._loader:
            yield to_device(carried.batch, self._device)


class BatchIndices:
    """The sample indices of each batch from `start` on: a new permutation each epoch, no incomplete batch.
    After `config.distinct_epochs` the first epoch comes again.

    Consecutive batches go to consecutive ranks, so that two processes with batches of 32 see in one step what
    one process with a batch of 64 sees.
    """

    def __init__(self, num_samples: int, config: EngineConfig, start: int, rank: int, num_ranks: int) -> None:
        self.num_samples = num_samples
        self.batch_size = config.batch_size
        self.seed = config.seed
        self.distinct_epochs = config.distinct_epochs
        self.start = start
        self.rank = rank
        self.num_ranks = num_ranks
        self.batches_per_epoch = num_samples // (config.batch_size * num_ranks)
        if self.batches_per_epoch == 0:
            raise TrainingError(
                f"the dataset has {num_samples} samples, but one batch for each of {num_ranks} process(es) "
                f"takes {config.batch_size * num_ranks}. Use a smaller batch_size, or more data."
            )

    def __iter__(self) -> Iterator[list[int]]:
        number = self.start
        while True:
            epoch, first = divmod(self.first_seen(number), self.batches_per_epoch)
            shuffle = torch.Generator().manual_seed(derive_seed("epoch", self.seed, epoch))
            order = torch.randperm(self.num_samples, generator=shuffle).tolist()
            for place in range(first, self.batches_per_epoch):
                begin = (place * self.num_ranks + self.rank) * self.batch_size
                yield order[begin : begin + self.batch_size]
            number += self.batches_per_epoch - first

    def first_seen(self, number: int) -> int:
        """Return the number of the first batch that holds the same samples as batch `number`."""
        if self.distinct_epochs is None:
            return number
        return number % (self.distinct_epochs * self.batches_per_epoch)


@dataclass(frozen=True)
class Carried:
    """A batch on its way from the loader. Its pinning thread knows no dataclasses, but it knows `pin_memory`:
    a copy from memory that is not pinned would make the training process wait for the device."""

    batch: Any

    def pin_memory(self) -> Carried:
        return Carried(with_tensors(self.batch, torch.Tensor.pin_memory))


def _carried(collate: Callable[[Any], Any], samples: Any) -> Carried:
    return Carried(collate(samples))


def to_device(batch: Any, device: torch.device) -> Any:
    """Move every tensor of a batch to `device`, within dataclasses, dicts, lists and tuples."""
    return with_tensors(batch, lambda tensor: tensor.to(device, non_blocking=True))


def with_tensors(batch: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Apply `change` to every tensor of a batch, within the same types as `to_device`."""
    if isinstance(batch, torch.Tensor):
        return change(batch)
    if is_dataclass(batch) and not isinstance(batch, type):
        names = [field.name for field in fields(batch) if field.init]
        return replace(batch, **{name: with_tensors(getattr(batch, name), change) for name in names})
    if isinstance(batch, dict):
        return {key: with_tensors(value, change) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(with_tensors(value, change) for value in batch))
    if isinstance(batch, list | tuple):
        return type(batch)(with_tensors(value, change) for value in batch)
    return batch
