"""Stores the palettes of catalogue photos, each computed once for all data versions and models.

Two files that only grow: digests, one a line, and palettes of half precision, one a row. What a killed
process left half written at their ends is overwritten.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atelier.families.outfit.colours import DIMENSION, item_palette
from atelier.lifecycle.cache import in_threads
from atelier.matting import matte
from atelier.pictures import decode

FORMAT = 1
"""Raise it when palettes are made differently."""
_ROW_BYTES = 2 * DIMENSION
_SIDE = 96
"""Pixels of the shorter side that are looked at."""
_AT_ONCE = 4096


class PaletteStore:
    """Palettes by the digests of pictures, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._names_path = folder / f"pictures-{FORMAT}.txt"
        self._rows_path = folder / f"palettes-{FORMAT}.f16"
        folder.mkdir(parents=True, exist_ok=True)

    def of(
        self, pictures: Sequence[str], read: Callable[[str], bytes], *, progress: bool = True
    ) -> NDArray[np.float32]:
        """Return palettes [N, 216] of pictures by their digests; `read` returns the bytes of the new ones."""
        with self._alone():
            known = self._names()
            missing = [name for name in dict.fromkeys(pictures) if name not in known]
            for start in range(0, len(missing), _AT_ONCE):
                batch = missing[start : start + _AT_ONCE]
                self._add(batch, in_threads(lambda name: _palette(read(name)), batch, "palettes", progress))
            row_of = {name: row for row, name in enumerate(self._names())}
            rows = np.fromfile(self._rows_path, np.float16).reshape(-1, DIMENSION) if row_of else None
        if rows is None or not len(pictures):
            return np.zeros((len(pictures), DIMENSION), np.float32)
        return rows[[row_of[name] for name in pictures]].astype(np.float32)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._names_path.with_suffix(".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _names(self) -> dict[str, int]:
        """The digests that have a whole palette, in order; cuts off what was half written."""
        if not self._names_path.exists():
            return {}
        whole = self._names_path.read_text().split("\n")[:-1]
        num = min(len(whole), self._rows_path.stat().st_size // _ROW_BYTES)
        with self._names_path.open("r+b") as names, self._rows_path.open("r+b") as rows:
            names.truncate(sum(len(name) + 1 for name in whole[:num]))
            rows.truncate(num * _ROW_BYTES)
        return {name: row for row, name in enumerate(whole[:num])}

    def _add(self, pictures: Sequence[str], palettes: Sequence[NDArray[np.float32]]) -> None:
        with self._rows_path.open("ab") as rows:
            rows.write(np.stack(palettes).astype(np.float16).tobytes())
        with self._names_path.open("a") as names:
            names.write("".join(f"{name}\n" for name in pictures))


def _palette(data: bytes) -> NDArray[np.float32]:
    return item_palette(matte(decode(data, shrink_to=_SIDE)))
