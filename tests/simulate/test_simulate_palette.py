"""Colours keep their names, and harmony is symmetric."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atelier.simulate.palette import COLOURS, METALS, draw_palette, harmony, is_dark, mixed, seam, shade


def test_colours_go_together_both_ways_and_neutral_ones_with_all() -> None:
    for first in COLOURS:
        for second in COLOURS:
            assert harmony(first, second) == harmony(second, first)
            assert 0 <= harmony(first, second) <= 1
    assert harmony("Orange", "Purple") < 0.5 < harmony("Orange", "White")


LEVEL = st.integers(0, 255)
RGBS = st.tuples(LEVEL, LEVEL, LEVEL)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (0.5, (50, 100, 20)),
        (1.0, (100, 200, 40)),
        (1.5, (178, 228, 148)),
        (2.0, (255, 255, 255)),
        (0.0, (0, 0, 0)),
    ],
)
def test_a_shade_goes_towards_black_below_one_and_towards_white_above(
    factor: float, expected: tuple[int, int, int]
) -> None:
    assert shade((100, 200, 40), factor) == expected


@given(colour=RGBS, factor=st.floats(0, 2))
def test_a_shade_is_a_colour_and_never_leaves_its_side(colour: tuple[int, int, int], factor: float) -> None:
    shaded = shade(colour, factor)
    assert all(0 <= level <= 255 for level in shaded)
    for before, after in zip(colour, shaded, strict=True):
        assert after <= before if factor <= 1 else after >= before


@given(colour=RGBS)
def test_a_seam_is_lighter_on_dark_cloth_and_darker_on_light_cloth(colour: tuple[int, int, int]) -> None:
    assert (sum(seam(colour)) > sum(colour)) if is_dark(colour) else (sum(seam(colour)) < sum(colour))


def test_black_is_dark_and_yellow_is_not() -> None:
    assert is_dark(COLOURS["Black"])
    assert is_dark(COLOURS["Navy Blue"])
    assert not is_dark(COLOURS["Yellow"])


@pytest.mark.parametrize("name", sorted(COLOURS))
def test_a_mixed_shade_stays_near_its_name(name: str) -> None:
    rng = np.random.default_rng(0)
    apart = [np.abs(np.subtract(mixed(name, rng), COLOURS[name])).max() for _ in range(50)]
    assert max(apart) < 60
    assert len({mixed(name, rng) for _ in range(10)}) > 5, "shades of one name differ"


@pytest.mark.parametrize("name", sorted(COLOURS))
def test_partners_in_a_palette_can_be_told_from_the_main_colour(name: str) -> None:
    """Names are far apart; two shades of neighbours may still meet by chance, a light one and a dark one."""
    rng = np.random.default_rng(1)
    palettes = [draw_palette(name, rng) for _ in range(50)]
    partners = [(p.main, partner) for p in palettes for partner in (p.second, p.accent)]
    apart = np.array([np.abs(np.subtract(main, partner)).sum() for main, partner in partners])
    assert (apart < 40).mean() < 0.05
    assert {palette.metal for palette in palettes} <= set(METALS)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Red", "Red", 0.75),
        ("Black", "Navy Blue", 0.45),
        ("Black", "Yellow", 0.9),
        ("Red", "Orange", 0.85),
        ("Blue", "Orange", 0.7),
        ("Orange", "Purple", 0.15),
    ],
)
def test_harmony_of_known_pairs(first: str, second: str, expected: float) -> None:
    assert harmony(first, second) == harmony(second, first) == expected
