"""A look hands out the colours of its palette by their parts."""

from __future__ import annotations

from atelier.simulate.look import Look
from atelier.simulate.palette import Palette


def test_a_look_has_the_colours_of_its_palette() -> None:
    look = Look({"neck": "v"}, "plain", Palette((1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0)))
    assert (look.main, look.second, look.accent, look.metal) == ((1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0))
