"""Runs the blocks of a batch on processes of this machine, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context
from typing import Any, Protocol, Self

import pyarrow as pa

from atelier.errors import ServiceError
from atelier.settings import Settings
from atelier.styling.batch_spec import BatchSpec
from atelier.styling.block import make_block


class Workers(Protocol):
    """To be entered before `make` and left after it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def make(self, settings: Settings, order: BatchSpec, blocks: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the blocks of a batch as they are finished."""
        ...


class Processes:
    """Processes of this machine, spawned, so that the threads of this one are not copied."""

    def __init__(self, num: int = 2) -> None:
        self._pool = ProcessPoolExecutor(num, mp_context=get_context("spawn"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def make(self, settings: Settings, order: BatchSpec, blocks: Sequence[int]) -> Iterator[pa.Table]:
        waiting = [self._pool.submit(make_block, settings, order, block) for block in blocks]
        for finished in as_completed(waiting):
            yield finished.result()


class RayCluster:
    """A Ray cluster whose machines see the same home: releases and indexes on shared storage.

    ServiceError: Ray is not installed, or the cluster does not answer.
    """

    def __init__(self, address: str) -> None:
        """`address`: of the cluster, 'ray://head:10001'; 'local' starts one on this machine."""
        try:
            self._ray: Any = import_module("ray")
        except ImportError as error:
            raise ServiceError("Ray is not installed here: pip install 'atelier[ray]'") from error
        self._address = address

    def __enter__(self) -> Self:
        try:
            self._ray.init(address=self._address, log_to_driver=False, include_dashboard=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ServiceError(f"Ray at {self._address} does not answer: {error}") from error
        return self

    def __exit__(self, *error: object) -> None:
        self._ray.shutdown()

    def make(self, settings: Settings, order: BatchSpec, blocks: Sequence[int]) -> Iterator[pa.Table]:
        remote = self._ray.remote(make_block)
        waiting = [remote.remote(settings, order, block) for block in blocks]
        while waiting:
            finished, waiting = self._ray.wait(waiting)
            yield from self._ray.get(finished)
