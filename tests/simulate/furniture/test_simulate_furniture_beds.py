"""Beds and daybeds show the width, headboard and sides that their cut names."""

from __future__ import annotations

import pytest
from simulated_drawings import drawn, mean_edge, mean_of


def test_a_double_bed_is_wider_than_a_single_one() -> None:
    widths = {
        width: mean_of("width_at", "Beds", 100, width=width, make="Modern") for width in ("single", "double")
    }
    assert widths["double"] > widths["single"] + 20


def test_a_modern_bed_stands_lower_than_a_classic_one() -> None:
    assert mean_edge("bottom", "Beds", make="Modern") < mean_edge("bottom", "Beds", make="Classic") - 4


def test_a_classic_headboard_is_arched_above_a_modern_one() -> None:
    for headboard in ("panelled", "upholstered"):
        classic, modern = (
            mean_edge("top", "Beds", headboard=headboard, make=make) for make in ("Classic", "Modern")
        )
        assert classic < modern - 2, headboard


def test_one_sees_between_the_slats_of_a_headboard() -> None:
    slatted, panelled = (drawn("Beds", headboard=kind, make="Modern") for kind in ("slatted", "panelled"))
    assert slatted.width_at(60) < 0.8 * panelled.width_at(60)


def test_the_duvet_is_of_the_second_colour_and_a_daybed_alternates_its_cushions() -> None:
    assert drawn("Beds", make="Modern").area_of("blue") > 300
    assert 50 < drawn("Daybeds", make="Modern").area_of("blue") < 1500


@pytest.mark.parametrize("make", ["Rustic", "Modern"])
def test_a_third_side_closes_the_back_of_a_daybed(make: str) -> None:
    assert mean_of("area", "Daybeds", sides="three-sided", make=make) > mean_of(
        "area", "Daybeds", sides="two-sided", make=make
    )


def test_every_headboard_looks_different() -> None:
    beds = [drawn("Beds", headboard=kind, make="Classic") for kind in ("panelled", "slatted", "upholstered")]
    assert min(a.differs_from(b) for i, a in enumerate(beds) for b in beds[:i]) > 0.01
