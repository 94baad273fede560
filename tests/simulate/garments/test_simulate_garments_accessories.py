"""What is worn on head, wrist, neck and waist shows the choices of its cut."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_drawings import colour_at, drawn, mean_edge, mean_of


def test_a_sun_hat_has_the_widest_brim_and_a_beanie_none() -> None:
    widths = [
        mean_of("width_at", "Hats", 98, style=style, trim="plain")
        for style in ("beanie", "bowler", "fedora", "sun hat")
    ]
    assert all(np.diff(widths) > 3), widths


@pytest.mark.parametrize("trim", ["ribbon", "feather"])
def test_the_trim_of_a_hat_is_of_the_accent_colour(trim: str) -> None:
    assert drawn("Hats", style="fedora", trim="plain").area_of("green") == 0
    assert drawn("Hats", style="fedora", trim=trim).area_of("green") > 50


def test_a_mesh_cap_is_of_the_second_colour_at_the_back() -> None:
    back = colour_at(drawn("Caps", back="mesh"), 28, 85)
    assert back[2] > back[0]
    back = colour_at(drawn("Caps", back="closed"), 28, 85)
    assert back[0] > back[2]


def test_one_sees_through_a_rolled_belt() -> None:
    belt = drawn("Belts")
    x0, y0, x1, y1 = belt.box
    hole = belt.seen[round(2 * y0) : round(2 * y1), round(2 * x0) : round(2 * x1)]
    assert not hole[hole.shape[0] // 4 : hole.shape[0] // 2, hole.shape[1] // 2].all()


@pytest.mark.parametrize(
    ("dial", "expected"), [("white", (240, 240, 236)), ("black", (28, 28, 32)), ("coloured", (50, 70, 190))]
)
def test_the_dial_of_a_watch_has_the_colour_of_its_cut(dial: str, expected: tuple[int, int, int]) -> None:
    watch = drawn("Watches", dial=dial, case="digital")
    face = np.array(colour_at(watch, 60, 66), dtype=int)
    assert np.abs(face - expected).max() < 40


def test_a_square_case_covers_its_corners_and_a_round_one_does_not() -> None:
    square, round_case = (drawn("Watches", case=case, strap="leather") for case in ("square", "round"))
    assert square.area > round_case.area * 1.05


@pytest.mark.parametrize(
    ("category", "feature", "values"),
    [
        ("Sunglasses", "shape", ("round", "aviator", "wayfarer", "cat-eye")),
        ("Belts", "strap", ("stitched", "plain", "studded", "woven")),
        ("Belts", "buckle", ("pin", "plate", "ring")),
        ("Watches", "case", ("round", "chronograph", "digital")),
        ("Necklaces", "pendant", ("drop", "disc", "row")),
        ("Necklaces", "chain", ("beads", "chain")),
    ],
)
def test_choices_of_the_cut_look_different(category: str, feature: str, values: tuple[str, ...]) -> None:
    drawings = [drawn(category, **{feature: value}) for value in values]
    assert min(a.differs_from(b) for i, a in enumerate(drawings) for b in drawings[:i]) > 0.004


def test_sunglasses_are_symmetric_in_outline() -> None:
    seen = drawn("Sunglasses", shape="cat-eye").seen
    assert (seen != seen[:, ::-1]).mean() < 0.01


def test_fringes_make_a_scarf_longer() -> None:
    assert drawn("Scarves", ends="fringed").box[3] > drawn("Scarves", ends="plain").box[3] + 4


def test_a_slim_tie_is_narrower_than_a_classic_one_and_a_bow_wider_than_tall() -> None:
    slim, classic = (mean_of("width_at", "Ties", 122, shape=shape) for shape in ("slim", "classic"))
    assert slim < classic - 6
    x0, y0, x1, y1 = drawn("Ties", shape="bow").box
    assert x1 - x0 > y1 - y0


def test_fingers_leave_gaps_that_mittens_close_and_long_gloves_reach_further_down() -> None:
    fingers, mittens = (drawn("Gloves", shape=shape).seen[84] for shape in ("fingers", "mittens"))
    assert np.count_nonzero(np.diff(fingers.astype(int)) == 1) > np.count_nonzero(
        np.diff(mittens.astype(int)) == 1
    )
    assert mean_edge("bottom", "Gloves", length="long") > mean_edge("bottom", "Gloves", length="short") + 15
