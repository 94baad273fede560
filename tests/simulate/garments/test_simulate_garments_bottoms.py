"""Garments for the legs show the length and width that their cut names."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_drawings import drawn, mean_edge, mean_of


@pytest.mark.parametrize(
    ("category", "lengths"),
    [
        ("Leggings", ("cropped", "full")),
        ("Shorts", ("short", "knee")),
        ("Skirts", ("mini", "knee", "long")),
    ],
)
def test_a_longer_cut_reaches_further_down(category: str, lengths: tuple[str, ...]) -> None:
    ends = [mean_edge("bottom", category, length=length) for length in lengths]
    assert all(np.diff(ends) > 15), dict(zip(lengths, ends, strict=True))


def test_longer_socks_reach_further_up() -> None:
    tops = [mean_edge("top", "Socks", length=length) for length in ("ankle", "crew", "knee")]
    assert all(np.diff(tops) < -20)


@pytest.mark.parametrize(
    ("category", "fits"),
    [("Jeans", ("skinny", "straight", "flared")), ("Trousers", ("slim", "straight", "wide"))],
)
def test_a_wider_fit_is_wider_at_the_ankle_and_not_at_the_waist(category: str, fits: tuple[str, ...]) -> None:
    cut = {"Jeans": {"finish": "clean"}, "Trousers": {"front": "creased"}}[category]
    ankles = [mean_of("width_at", category, 132, fit=fit, **cut) for fit in fits]
    waists = [mean_of("width_at", category, 16, fit=fit, **cut) for fit in fits]
    assert all(np.diff(ankles) > 4)
    assert waists == pytest.approx([waists[0]] * len(waists), abs=1)


def test_skirts_widen_at_the_hem_from_pencil_to_pleated() -> None:
    hems = [
        mean_of("width_at", "Skirts", 98, length="knee", shape=shape)
        for shape in ("pencil", "a-line", "pleated")
    ]
    assert all(np.diff(hems) > 5)


def test_trousers_have_two_legs_below_and_one_seat_above() -> None:
    row = drawn("Trousers", fit="slim").seen[260]
    assert np.count_nonzero(np.diff(row.astype(int)) == 1) == 2
    assert np.count_nonzero(np.diff(drawn("Trousers", fit="slim").seen[60].astype(int)) == 1) == 1


def test_a_band_at_the_side_of_leggings_is_of_the_second_colour() -> None:
    assert drawn("Leggings", side="plain").area_of("blue") == 0
    assert drawn("Leggings", side="banded").area_of("blue") > 100


@pytest.mark.parametrize("finish", ["ripped", "cuffed"])
def test_a_finish_of_jeans_is_lighter_where_it_is(finish: str) -> None:
    clean, finished = drawn("Jeans", finish="clean"), drawn("Jeans", finish=finish)
    assert 0.005 < finished.differs_from(clean) < 0.25
    changed = np.abs(finished.pixels.astype(int) - clean.pixels).max(axis=2) > 40
    assert finished.pixels[changed, :3].mean() > clean.pixels[changed, :3].mean()


def test_pockets_and_cords_of_trousers_show_their_front() -> None:
    fronts = [drawn("Trousers", front=front) for front in ("creased", "cargo", "drawstring")]
    assert fronts[1].width_at(84) > fronts[0].width_at(84) + 1.5, "cargo pockets stand out"
    assert fronts[2].differs_from(fronts[0]) > 0.003
