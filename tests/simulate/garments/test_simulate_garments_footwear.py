"""Shoes show the height, heel and style that their cut names."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_drawings import drawn, mean_edge, mean_of


def test_higher_boots_reach_further_up() -> None:
    tops = [
        mean_edge("top", "Boots", height=height, style="plain", heel="flat")
        for height in ("ankle", "mid", "knee")
    ]
    assert all(np.diff(tops) < -12)


def test_high_sneakers_reach_above_the_ankle() -> None:
    high, low = (mean_edge("top", "Sneakers", height=height) for height in ("high", "low"))
    assert high < low - 15


def test_a_stiletto_touches_the_floor_with_less_than_a_block_and_a_block_with_less_than_a_wedge() -> None:
    feet = [mean_of("width_at", "Heels", 110.5, heel=heel) for heel in ("stiletto", "block", "wedge")]
    assert all(np.diff(feet) > 6), feet


@pytest.mark.parametrize("strap", ["ankle", "t-bar", "bow"])
def test_a_strap_of_heels_covers_more_than_none(strap: str) -> None:
    bare, strapped = drawn("Heels", strap="no"), drawn("Heels", strap=strap)
    assert strapped.differs_from(bare) > 0.01


def test_a_wedge_lifts_the_back_of_a_sandal() -> None:
    flat, wedge = (drawn("Sandals", sole=sole, style="strappy") for sole in ("flat", "wedge"))
    assert wedge.box[1] < flat.box[1] - 8
    assert wedge.seen[190:200, 30:60].sum() > flat.seen[190:200, 30:60].sum()


def test_a_slide_has_no_strap_around_the_ankle() -> None:
    assert mean_edge("top", "Sandals", style="slide") > mean_edge("top", "Sandals", style="gladiator") + 10


def test_flip_flops_are_a_pair_with_straps_of_the_second_colour() -> None:
    pair = drawn("Flip Flops", strap="wide")
    assert np.count_nonzero(np.diff(pair.seen[160].astype(int)) == 1) == 2
    assert pair.area_of("blue") > drawn("Flip Flops", strap="narrow").area_of("blue") * 1.2


def test_a_pointed_toe_reaches_further_than_a_round_one() -> None:
    assert (
        mean_edge("right", "Formal Shoes", toe="pointed")
        > mean_edge("right", "Formal Shoes", toe="round") + 4
    )


@pytest.mark.parametrize(
    ("category", "styles"),
    [
        ("Formal Shoes", ("oxford", "brogue", "loafer", "monk strap")),
        ("Boots", ("lace-up", "chelsea", "buckled", "fur", "plain")),
        ("Sneakers", ("running", "court", "canvas")),
    ],
)
def test_styles_of_shoes_look_different(category: str, styles: tuple[str, ...]) -> None:
    shoes = [drawn(category, style=style) for style in styles]
    assert min(a.differs_from(b) for i, a in enumerate(shoes) for b in shoes[:i]) > 0.004
