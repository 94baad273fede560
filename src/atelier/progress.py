"""Reports the progress of a long step: a bar on a terminal, elsewhere a line in the log every 20 seconds.

Steps may lie in each other; the innermost one speaks. A line comes also while a step does not advance.
"""

from __future__ import annotations

import contextvars
import logging
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import NoReturn, Self, TextIO, TypeVar

from tqdm import tqdm

log = logging.getLogger(__name__)
T = TypeVar("T")

SECONDS_BETWEEN_LINES = 20.0

_open: list[Progress] = []
_silent = False


class Progress:
    """A long step, as a context manager: `update` as it advances."""

    def __init__(
        self,
        label: str,
        total: int | None = None,
        *,
        unit: str = "",
        done: int = 0,
        shown: bool = True,
        scaled: bool = False,
    ) -> None:
        """`total`: None where nobody knows; such a step has no bar. `scaled`: counts are told as 1.2M."""
        self.label = label
        self.total = total
        self.unit = unit
        self.done = done
        self._first = done
        self._scaled = scaled
        self._note = ""
        self._began = time.monotonic()
        self._over = threading.Event()
        self._speaker: threading.Thread | None = None
        self._bar: tqdm[NoReturn] | None = None
        if not shown or _silent:
            return
        if total is not None and sys.stderr.isatty():
            self._bar = tqdm(
                total=total, desc=label, unit=unit or "it", initial=done, unit_scale=scaled, leave=False
            )
        else:
            # Within the context of whoever opened it: Prefect finds a line's flow run there.
            run_here = contextvars.copy_context().run
            self._speaker = threading.Thread(
                target=run_here, args=(self._speak,), name=f"progress of {label}", daemon=True
            )

    def __enter__(self) -> Self:
        _open.append(self)
        if self._speaker is not None:
            self._speaker.start()
        return self

    def __exit__(self, *exception: object) -> None:
        _open.remove(self)
        self._over.set()
        if self._speaker is not None:
            self._speaker.join()
        if self._bar is not None:
            self._bar.close()

    def update(self, num: int = 1) -> None:
        """Advance by `num`."""
        self.done += num
        if self._bar is not None:
            self._bar.update(num)

    def note(self, text: str) -> None:
        """Set the text behind the counts: a loss, a speed."""
        self._note = text
        if self._bar is not None:
            self._bar.set_postfix_str(text)

    def line(self) -> str:
        """Format the progress: 'training: 120 of 800 steps, 15 %, 03:10 left, loss 2.1'."""
        seconds = time.monotonic() - self._began
        if self.total is None:
            count = f"{self._number(self.done)} {self.unit}, " if self.done else ""
            parts = [f"{count}{tqdm.format_interval(seconds)} so far"]
        else:
            unit = f" {self.unit}" if self.unit else ""
            share = 100 * self.done / self.total if self.total else 100
            parts = [f"{self._number(self.done)} of {self._number(self.total)}{unit}", f"{share:.0f} %"]
            if advanced := self.done - self._first:
                left = seconds / advanced * max(0, self.total - self.done)
                parts.append(f"{tqdm.format_interval(left)} left")
        return f"{self.label}: " + ", ".join([*parts, self._note] if self._note else parts)

    def _number(self, count: int) -> str:
        return tqdm.format_sizeof(count) if self._scaled else f"{count:,}"

    def _speak(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_LINES):
            if not _silent and _open[-1:] == [self]:
                log.info("%s", self.line())


def counted(
    each: Iterable[T], label: str, total: int | None = None, *, unit: str = "", shown: bool = True
) -> Iterator[T]:
    """Yield the same values as a long step. `total`: its length by default, where it has one."""
    if total is None and isinstance(each, Sized):
        total = len(each)
    with Progress(label, total, unit=unit, shown=shown) as step:
        for one in each:
            yield one
            step.update()


def write(line: str, file: TextIO | None = None) -> None:
    """Print a line above the bars, on standard error by default."""
    tqdm.write(line, file=file or sys.stderr)


@contextmanager
def silence() -> Iterator[None]:
    """Suppress the bars and lines of all steps within the block, in this process."""
    global _silent  # noqa: PLW0603 - a property of the process, as its standard error is
    before, _silent = _silent, True
    try:
        yield
    finally:
        _silent = before
