"""Tops, coats and dresses show the sleeves, necks and lengths that their cut names."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_drawings import drawn, mean_edge, mean_of


def test_longer_sleeves_cover_more_beside_the_body() -> None:
    areas = [
        mean_of("area", "Dresses", sleeve=sleeve, length="midi", skirt="fitted", neck="round")
        for sleeve in ("none", "cap", "short", "three-quarter", "long")
    ]
    assert all(np.diff(areas) > 20), areas


def test_a_long_sleeve_hangs_lower_than_a_short_one() -> None:
    def reach(sleeve: str) -> float:
        """How far down something is seen left of the body."""
        drawing = drawn("Tshirts", sleeve=sleeve, neck="round", print="no")
        body = 60 - drawing.width_at(112) / 2
        return float(np.flatnonzero(drawing.seen[:, : int(2 * body) - 8].any(axis=1))[-1]) / 2

    assert reach("long") > reach("three-quarter") + 10 > reach("short") + 20


@pytest.mark.parametrize(("low", "high"), [("v", "round"), ("round", "boat")])
def test_a_deeper_neck_leaves_the_fabric_lower_in_the_middle(low: str, high: str) -> None:
    """What shows in the opening is the darker inside of the back, or nothing."""

    def red_above(neck: str) -> float:
        drawing = drawn("Tshirts", neck=neck, sleeve="short", print="no")
        middle = drawing.pixels[40:100, 118:123]
        return float(((middle[..., 0] > 130) & (middle[..., 3] > 128)).mean())

    assert red_above(high) > red_above(low) + 0.05


def test_dresses_reach_down_as_far_as_their_length_says() -> None:
    ends = [
        mean_edge("bottom", "Dresses", length=length, sleeve="none") for length in ("mini", "midi", "maxi")
    ]
    assert all(np.diff(ends) > 12)


def test_skirts_of_dresses_widen_from_fitted_to_flared() -> None:
    hems = [
        mean_of("width_at", "Dresses", 104, length="mini", sleeve="none", skirt=skirt)
        for skirt in ("fitted", "a-line", "flared")
    ]
    assert all(np.diff(hems) > 8)


def test_a_strappy_top_bares_the_shoulders() -> None:
    bare, covered = (drawn("Tops", sleeve=sleeve, detail="none") for sleeve in ("strap", "cap"))
    assert bare.width_at(34) < 0.4 * covered.width_at(34)


@pytest.mark.parametrize(
    ("category", "feature", "one", "other"),
    [
        ("Sweaters", "front", "closed", "buttoned"),
        ("Sweatshirts", "front", "closed", "zipped"),
        ("Coats", "buttons", "single", "double"),
        ("Coats", "belt", "open", "belted"),
        ("Tops", "detail", "none", "frill"),
        ("Tops", "detail", "none", "belted"),
    ],
)
def test_a_choice_of_the_cut_is_seen(category: str, feature: str, one: str, other: str) -> None:
    first, second = drawn(category, **{feature: one}), drawn(category, **{feature: other})
    assert first.differs_from(second) > 0.002


def test_hoods_and_turtle_necks_rise_above_the_shoulders() -> None:
    assert mean_edge("top", "Sweatshirts", hood="hooded") < mean_edge("top", "Sweatshirts", hood="plain") - 3
    assert mean_edge("top", "Sweaters", neck="turtle") < mean_edge("top", "Sweaters", neck="round") - 3


def test_the_four_styles_of_jackets_look_different() -> None:
    styles = [drawn("Jackets", style=style) for style in ("bomber", "puffer", "blazer", "biker")]
    assert min(a.differs_from(b) for i, a in enumerate(styles) for b in styles[:i]) > 0.02


def test_garments_for_the_upper_body_are_symmetric_in_outline() -> None:
    for category in ("Tshirts", "Shirts", "Sweaters", "Jackets", "Coats"):
        seen = drawn(category).seen
        assert (seen != seen[:, ::-1]).mean() < 0.02, category
