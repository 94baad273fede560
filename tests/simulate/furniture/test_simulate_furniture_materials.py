"""Wood, metal and legs follow the style."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from simulated_drawings import PALETTE

from atelier.simulate.canvas import SIZE, Canvas
from atelier.simulate.furniture.materials import (
    Leg,
    draw_leg,
    edge_of,
    grain,
    leg_colour,
    metal_of,
    style_of,
    wood,
)
from atelier.simulate.look import Look
from atelier.simulate.styles import BEDROOM_STYLES


def _look(style: str) -> Look:
    return Look({"make": style}, "plain", PALETTE)


@pytest.mark.parametrize("style", BEDROOM_STYLES)
def test_the_style_is_the_make_of_the_cut(style: str) -> None:
    assert style_of(_look(style)) == style


def test_painted_styles_show_no_grain_and_rustic_wood_shows_the_most() -> None:
    rng = np.random.default_rng(0)
    assert wood(_look("Modern"), rng) == wood(_look("Classic"), rng) == PALETTE.main
    spread = {}
    for style in ("Scandinavian", "Industrial", "Rustic"):
        fabric = wood(_look(style), np.random.default_rng(1))
        assert isinstance(fabric, Image.Image)
        spread[style] = np.asarray(fabric)[..., 0].std()
    assert spread["Scandinavian"] < spread["Industrial"] < spread["Rustic"]


def test_grain_keeps_the_colour_on_average_and_runs_across() -> None:
    pixels = np.asarray(grain((120, 90, 60), np.random.default_rng(2), 0.2), dtype=float)
    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    assert pixels.mean(axis=(0, 1)) == pytest.approx((120, 90, 60), rel=0.1)
    across, down = (
        np.abs(np.diff(pixels[..., 0], axis=1)).mean(),
        np.abs(np.diff(pixels[..., 0], axis=0)).mean(),
    )
    assert down > 3 * across


def test_grain_of_no_strength_is_plain() -> None:
    pixels = np.asarray(grain((120, 90, 60), np.random.default_rng(2), 0.0))
    assert (pixels == (120, 90, 60)).all()


def test_metal_is_black_steel_in_industrial_rooms_alone() -> None:
    assert metal_of(_look("Industrial")) == (58, 60, 64)
    assert {metal_of(_look(style)) for style in BEDROOM_STYLES if style != "Industrial"} == {PALETTE.metal}


def test_legs_are_steel_metal_light_wood_or_the_body_darkened() -> None:
    assert leg_colour(_look("Industrial")) == (58, 60, 64)
    assert leg_colour(_look("Modern")) == PALETTE.metal
    assert leg_colour(_look("Scandinavian")) == (206, 172, 128)
    assert leg_colour(_look("Rustic")) == leg_colour(_look("Classic")) == (152, 48, 40)


@pytest.mark.parametrize("style", BEDROOM_STYLES)
def test_a_leg_reaches_from_its_top_to_its_foot_and_a_rustic_one_is_the_widest(style: str) -> None:
    def drawn(style: str) -> np.ndarray:
        canvas = Canvas(np.random.default_rng(0))
        draw_leg(canvas, _look(style), Leg(60, 80, 120, 4))
        return np.asarray(canvas.picture().getchannel("A")) > 128

    leg, rustic = drawn(style), drawn("Rustic")
    rows = np.flatnonzero(leg.any(axis=1)) / 2
    assert rows[0] == pytest.approx(80, abs=1.5)
    assert rows[-1] == pytest.approx(120, abs=2)
    assert leg[2 * 114].sum() <= rustic[2 * 114].sum()


def test_only_a_scandinavian_leg_leans_wholly_and_a_post_stands_straight() -> None:
    def middle_of_foot(style: str) -> float:
        canvas = Canvas(np.random.default_rng(0))
        draw_leg(canvas, _look(style), Leg(60, 80, 120, 6))
        return float(np.flatnonzero(np.asarray(canvas.picture().getchannel("A"))[2 * 118] > 128).mean()) / 2

    assert middle_of_foot("Scandinavian") > middle_of_foot("Modern") > middle_of_foot("Rustic") + 1
    assert middle_of_foot("Rustic") == pytest.approx(60, abs=0.5)


def test_an_edge_is_lighter_on_dark_wood_and_darker_on_light() -> None:
    assert sum(edge_of((40, 30, 20))) > 90
    assert sum(edge_of((220, 210, 200))) < 630
