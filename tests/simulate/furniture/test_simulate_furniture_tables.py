"""Bedside tables and stools show the front and seat that their cut names."""

from __future__ import annotations

import numpy as np
from simulated_drawings import drawn, mean_of


def test_two_drawers_need_a_taller_body_than_one() -> None:
    """At this height one drawer has ended and only legs are left."""
    one, two = (
        mean_of("width_at", "Bedside Tables", 92, front=f, make="Modern")
        for f in ("one-drawer", "two-drawer")
    )
    assert two > 2 * one


def test_books_in_an_open_table_have_the_palette_s_other_colours() -> None:
    assert drawn("Bedside Tables", front="open", make="Modern").area_of("green") > 15
    assert drawn("Bedside Tables", front="two-drawer", make="Modern").area_of("green") == 0


def test_a_table_stands_on_four_legs() -> None:
    row = drawn("Bedside Tables", front="one-drawer", make="Industrial").seen[2 * 104].astype(int)
    assert np.count_nonzero(np.diff(row) == 1) == 4


def test_a_padded_stool_has_a_cushion_of_the_second_colour() -> None:
    assert drawn("Stools", seat="padded", make="Classic").area_of("blue") > 150
    assert drawn("Stools", seat="round", make="Classic").area_of("blue") == 0


def test_seats_of_stools_look_different() -> None:
    stools = [drawn("Stools", seat=seat, make="Classic") for seat in ("round", "square", "padded")]
    assert min(a.differs_from(b) for i, a in enumerate(stools) for b in stools[:i]) > 0.05


def test_knobs_of_modern_drawers_are_bars_of_metal() -> None:
    modern, rustic = (drawn("Bedside Tables", front="one-drawer", make=make) for make in ("Modern", "Rustic"))
    light = [(d.pixels[116:156, 100:140, :3].min(axis=2) > 140).sum() for d in (modern, rustic)]
    assert light[0] > 20
    assert light[1] == 0
