"""The `Batcher`: many threads ask for one thing each, a network answers them a batch at a time.

Who comes while nothing runs, runs at once and alone: nobody waits for company. Who comes while a batch runs
waits for it to end (milliseconds), and all who waited then go together. No thread of its own: one of those
who wait runs the batch for the others.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from atelier.errors import OverloadedError

Input = TypeVar("Input")
Output = TypeVar("Output")


class _Turn(Generic[Input, Output]):
    """One caller's place in the queue."""

    def __init__(self, value: Input) -> None:
        self.value = value
        self.answer: Output | None = None
        self.error: BaseException | None = None
        self.leads = False
        """Woken without an answer: to run the next batch."""
        self.woken = threading.Event()


class Batcher(Generic[Input, Output]):
    """Call it from any thread with one input; returns its output, computed beside those of others.

    `run` takes 1 to `max_batch` inputs and returns as many outputs, in order; it is never run twice at once.
    Where it raises for a batch, each input is tried alone, so that a bad one fails its own caller only.
    OverloadedError: `max_waiting` others wait already, or `run` was not free within `patience_seconds`.
    """

    def __init__(
        self,
        run: Callable[[list[Input]], Sequence[Output]],
        max_batch: int = 16,
        max_waiting: int = 256,
        patience_seconds: float = 5.0,
    ) -> None:
        self.max_batch = max_batch
        self._run = run
        self._max_waiting = max_waiting
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._queue: deque[_Turn[Input, Output]] = deque()
        self._is_running = False

    def __call__(self, value: Input) -> Output:
        turn: _Turn[Input, Output] = _Turn(value)
        with self._lock:
            if len(self._queue) >= self._max_waiting:
                raise OverloadedError(f"{len(self._queue)} requests wait already; ask again in a moment")
            self._queue.append(turn)
            turn.leads, self._is_running = not self._is_running, True
        if not turn.leads:
            self._wait(turn)
        if turn.leads:
            self._lead()
        if turn.error is not None:
            raise turn.error
        return turn.answer  # type: ignore[return-value]  # set by whoever ran the batch

    def _wait(self, turn: _Turn[Input, Output]) -> None:
        if turn.woken.wait(self._patience_seconds):
            return
        with self._lock:
            if turn in self._queue and not turn.leads:
                self._queue.remove(turn)
                raise OverloadedError(f"no answer within {self._patience_seconds:g} s; ask again in a moment")
        turn.woken.wait()  # its batch is running

    def _lead(self) -> None:
        """Run a batch, of which the caller's turn is the first, and pass the lead on."""
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(self.max_batch, len(self._queue)))]
        try:
            self._answer(batch)
        finally:
            with self._lock:
                following = self._queue[0] if self._queue else None
                self._is_running = following is not None
                if following is not None:
                    following.leads = True
            if following is not None:
                following.woken.set()
            for turn in batch:
                turn.woken.set()

    def _answer(self, batch: list[_Turn[Input, Output]]) -> None:
        try:
            outputs = self._run([turn.value for turn in batch])
            for turn, output in zip(batch, outputs, strict=True):
                turn.answer = output
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for turn in batch:
                self._answer([turn])
