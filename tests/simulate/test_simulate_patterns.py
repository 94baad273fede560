"""Each pattern fills the canvas with the palette's colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_drawings import PALETTE

from atelier.simulate.articles import ARTICLE_TYPES
from atelier.simulate.canvas import SIZE
from atelier.simulate.palette import COLOURS, draw_palette
from atelier.simulate.patterns import PATTERNS, weave


def test_every_named_pattern_and_colour_exists() -> None:
    for article in ARTICLE_TYPES.values():
        assert set(article.patterns) <= set(PATTERNS)
        assert set(article.colours) <= set(COLOURS)


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_a_pattern_covers_the_canvas_and_all_but_plain_ones_vary(pattern: str) -> None:
    rng = np.random.default_rng(5)
    fabric = weave(pattern, draw_palette("Blue", rng), rng)
    assert fabric.size == SIZE
    assert (np.asarray(fabric).std() > 3) or pattern == "plain"


def _woven(pattern: str, seed: int) -> np.ndarray:
    return np.asarray(weave(pattern, PALETTE, np.random.default_rng(seed)))


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_chance_of_a_pattern_is_a_picture_of_the_canvas_s_size(pattern: str, seed: int) -> None:
    fabric = _woven(pattern, seed)
    assert fabric.shape == (SIZE[1], SIZE[0], 3)
    assert np.array_equal(fabric, _woven(pattern, seed)), "the same chance gives the same fabric"


def test_plain_fabric_is_the_main_colour_alone() -> None:
    assert (_woven("plain", 0) == PALETTE.main).all()


@pytest.mark.parametrize(("pattern", "constant_along"), [("striped", 1), ("pinstriped", 0), ("gradient", 1)])
def test_stripes_run_across_and_pinstripes_down(pattern: str, constant_along: int) -> None:
    fabric = _woven(pattern, 2).astype(int)
    assert np.abs(np.diff(fabric, axis=constant_along)).max() == 0
    assert np.abs(np.diff(fabric, axis=1 - constant_along)).max() > 0


@pytest.mark.parametrize("pattern", ["pinstriped", "zigzag", "colour-block", "striped"])
def test_flat_patterns_use_the_palette_s_colours_alone(pattern: str) -> None:
    seen = {tuple(map(int, colour)) for colour in _woven(pattern, 3).reshape(-1, 3)}
    assert PALETTE.main in seen
    assert seen <= {PALETTE.main, PALETTE.second, PALETTE.accent}
    assert len(seen) > 1


def test_checks_are_of_two_colours_and_their_middle_in_a_quarter_a_quarter_and_a_half() -> None:
    colours, counts = np.unique(_woven("checked", 4).reshape(-1, 3), axis=0, return_counts=True)
    assert len(colours) == 3
    assert sorted(counts / counts.sum()) == pytest.approx([0.25, 0.25, 0.5], abs=0.06)


def test_tartan_mixes_two_yarns_at_every_crossing() -> None:
    yarns = np.array([PALETTE.main, PALETTE.second, PALETTE.accent])
    crossings = {tuple(map(int, (a.astype(int) + b) // 2)) for a in yarns for b in yarns}
    assert {tuple(map(int, colour)) for colour in _woven("tartan", 5).reshape(-1, 3)} <= crossings


def test_a_gradient_starts_with_the_main_colour_s_side_and_ends_with_the_second_s() -> None:
    fabric = _woven("gradient", 1).astype(int)
    top, bottom = fabric[0, 0], fabric[-1, 0]
    assert np.abs(top - PALETTE.main).sum() < np.abs(top - PALETTE.second).sum()
    assert np.abs(bottom - PALETTE.second).sum() < np.abs(bottom - PALETTE.main).sum()


def test_an_unknown_pattern_is_an_error() -> None:
    with pytest.raises(KeyError, match="polka"):
        weave("polka", PALETTE, np.random.default_rng(0))
