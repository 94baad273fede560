"""SIGINT and SIGTERM, held back until a checkpoint is written."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

HELD_BACK = (signal.SIGINT, signal.SIGTERM)


class HeldSignals:
    """Remembers a signal instead of acting on it, and hands it on when the block ends.

    Handing on means to whoever handled it before: Python's KeyboardInterrupt, an orchestrator's handler, or
    the end of the process. Where these let the process live, KeyboardInterrupt ends the block, so that what
    comes after it is not mistaken for success. A second signal is not held: someone is in a hurry.

    Outside the main thread Python allows no handlers; signals then act at once.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._hold) for number in HELD_BACK}
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._give_back_handlers()
        if self.received is not None and kind is None:
            signal.raise_signal(self.received)
            raise KeyboardInterrupt(f"stopped by {self.received.name}")

    def _give_back_handlers(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _hold(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None:
            self._give_back_handlers()
            signal.raise_signal(self.received)
        self.received = signal.Signals(number)
