"""Palettes are computed once for a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from atelier.families.outfit.colours import DIMENSION
from atelier.jobs.retrieval.palettes import PaletteStore
from atelier.pictures import encode_jpeg

RED, BLUE = (200, 30, 40), (30, 40, 160)


def plain(*colour: int, side: int = 60) -> np.ndarray:
    return np.full((side, side, 3), colour, np.uint8)


def test_a_palette_is_computed_once_and_survives_a_torn_write(tmp_path: Path) -> None:
    pictures = {
        "a" * 64: encode_jpeg(plain(*RED), quality=95),
        "b" * 64: encode_jpeg(plain(*BLUE), quality=95),
    }
    read: list[str] = []

    def reading(name: str) -> bytes:
        read.append(name)
        return pictures[name]

    first = PaletteStore(tmp_path).of(["a" * 64], reading, progress=False)
    # A process is killed after it wrote half a palette and a whole name.
    with (tmp_path / "palettes-1.f16").open("ab") as file:
        file.write(b"\0" * 100)
    with (tmp_path / "pictures-1.txt").open("a") as names:
        names.write("b" * 64 + "\n")
    both = PaletteStore(tmp_path).of(["b" * 64, "a" * 64, "b" * 64], reading, progress=False)
    assert read == ["a" * 64, "b" * 64]
    np.testing.assert_array_equal(both[1], first[0])
    np.testing.assert_array_equal(both[0], both[2])
    assert both[0] @ both[1] < 0.1
    assert PaletteStore(tmp_path).of([], reading, progress=False).shape == (0, DIMENSION)
