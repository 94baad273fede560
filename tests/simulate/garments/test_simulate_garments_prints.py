"""Prints stay on the garment and stand out from its colour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_drawings import PALETTE

from atelier.simulate.canvas import Canvas, rounded
from atelier.simulate.garments.prints import ink, put_print
from atelier.simulate.look import Look
from atelier.simulate.palette import Palette

CHEST = rounded(30, 30, 90, 110)
LEVEL = st.integers(0, 255)
RGBS = st.tuples(LEVEL, LEVEL, LEVEL)


def _printed(kind: str, seed: int, *, within: np.ndarray = CHEST) -> tuple[np.ndarray, np.ndarray]:
    """The plain shirt before and after the print, RGBA."""
    canvas, look = Canvas(np.random.default_rng(0)), Look({}, "plain", PALETTE)
    canvas.fill(CHEST, look.main, depth=0, folds=0)
    before = np.asarray(canvas.picture()).copy()
    put_print(canvas, look, np.random.default_rng(seed), centre=(60, 62), kind=kind, within=within)
    return before, np.asarray(canvas.picture())


def test_no_print_leaves_the_shirt_as_it_is() -> None:
    before, after = _printed("no", 1)
    assert (before == after).all()


@pytest.mark.parametrize("kind", ["word", "badge", "picture"])
@pytest.mark.parametrize("seed", range(4))
def test_a_print_changes_the_chest_and_nothing_beyond_the_garment(kind: str, seed: int) -> None:
    before, after = _printed(kind, seed)
    changed = (before != after).any(axis=2)
    assert 20 < changed.sum() < 0.5 * (before[..., 3] > 0).sum()
    assert (before[..., 3] == after[..., 3]).all(), "a print adds no fabric"


def test_a_badge_is_smaller_than_a_picture_and_sits_beside_the_middle() -> None:
    columns = {}
    for kind in ("badge", "picture"):
        before, after = _printed(kind, 2)
        columns[kind] = np.flatnonzero((before != after).any(axis=2).any(axis=0))
    assert len(columns["badge"]) < len(columns["picture"])
    assert columns["badge"].mean() / 2 == pytest.approx(72, abs=1)
    assert columns["picture"].mean() / 2 == pytest.approx(60, abs=4)


def test_an_unknown_kind_of_print_is_an_error() -> None:
    with pytest.raises(KeyError, match="slogan"):
        _printed("slogan", 1)


@given(main=RGBS, second=RGBS)
def test_ink_can_be_told_from_the_garment(main: tuple[int, int, int], second: tuple[int, int, int]) -> None:
    colour = ink(Look({}, "plain", Palette(main, second, (0, 0, 0), (0, 0, 0))))
    assert sum(abs(a - b) for a, b in zip(main, colour, strict=True)) > 150
