"""Lamps are switched on and show the shade and foot that their cut names."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_drawings import colour_at, drawn, mean_of


@pytest.mark.parametrize("shade", ["cone", "drum"])
def test_light_falls_out_of_the_shade_of_a_table_lamp(shade: str) -> None:
    """Somewhere beneath the shade the colour is that of the glow."""
    lamp = drawn("Table Lamps", shade=shade, make="Scandinavian")
    glow = np.abs(lamp.pixels[..., :3].astype(int) - (255, 238, 196)).max(axis=2) < 12
    assert (glow & lamp.seen).sum() > 60


def test_a_globe_is_as_wide_as_tall_and_a_cone_wider_below_than_above() -> None:
    def widest_and_upper(shade: str) -> tuple[float, float]:
        lamp = drawn("Table Lamps", shade=shade, make="Modern")
        rows = lamp.seen.sum(axis=1) / 2
        top = int(np.flatnonzero(rows)[0])
        return float(rows[: 2 * 78].max()), float(rows[top + 3])

    widest, upper = widest_and_upper("cone")
    assert upper < 0.75 * widest
    widest, upper = widest_and_upper("drum")
    assert upper > 0.75 * widest


def test_only_a_tripod_stands_on_three_legs() -> None:
    def legs(foot: str) -> int:
        row = drawn("Floor Lamps", foot=foot, make="Modern").seen[2 * 138].astype(int)
        return int(np.count_nonzero(np.diff(row) == 1))

    assert [legs(foot) for foot in ("tripod", "arc", "straight")] == [3, 1, 1]


def test_the_shade_of_an_arc_lamp_hangs_beside_its_foot() -> None:
    lamp = drawn("Floor Lamps", foot="arc", make="Modern")
    upper, lower = np.flatnonzero(lamp.seen[2 * 50]), np.flatnonzero(lamp.seen[2 * 147])
    assert upper.max() / 2 > lower.max() / 2 + 20


def test_the_belly_of_a_classic_lamp_is_wider_than_a_modern_stem() -> None:
    classic, modern = (mean_of("width_at", "Table Lamps", 110, make=make) for make in ("Classic", "Modern"))
    assert classic > 3 * modern


def test_industrial_lamps_are_of_black_steel() -> None:
    stem = colour_at(drawn("Table Lamps", make="Industrial"), 60, 105)
    assert max(stem) < 90
    assert min(colour_at(drawn("Table Lamps", make="Modern"), 60, 105)) > 110
