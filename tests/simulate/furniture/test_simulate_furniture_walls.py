"""Pictures and mirrors show the motif, shape and frame that cut and style name."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_drawings import colour_at, drawn

from atelier.simulate.canvas import SCALE


def test_a_print_has_a_wide_margin_of_paper() -> None:
    x0, y0, x1, _ = drawn("Prints", make="Modern").box
    margin = colour_at(drawn("Prints", make="Modern"), (x0 + x1) / 2, y0 + 5)
    assert np.abs(np.array(margin) - (246, 243, 236)).max() < 25


def test_a_classic_painting_has_a_broader_frame_than_a_modern_one() -> None:
    """The frame is red, the sky of a landscape bluish: count red at half the height from the left."""

    def frame(make: str) -> int:
        painting = drawn("Paintings", 1, make=make, motif="landscape")
        x0, y0, _, y1 = painting.box
        row = painting.pixels[round((y0 + (y1 - y0) * 0.2) * SCALE), round(x0 * SCALE) :, :3].astype(int)
        return int(np.argmax(row[:, 2] > row[:, 0] - 40))

    assert frame("Classic") > frame("Modern") + 6


@pytest.mark.parametrize("category", ["Prints", "Paintings"])
def test_motifs_look_different(category: str) -> None:
    motifs = {
        "Prints": ("botanical", "abstract", "landscape"),
        "Paintings": ("landscape", "abstract", "still life"),
    }
    pictures = [drawn(category, motif=motif, make="Modern") for motif in motifs[category]]
    assert min(a.differs_from(b) for i, a in enumerate(pictures) for b in pictures[:i]) > 0.15


def test_a_painting_stays_inside_its_frame() -> None:
    board = drawn("Paintings", motif="still life", make="Classic")
    x0, y0, x1, y1 = board.box
    assert board.area / ((x1 - x0) * (y1 - y0)) > 0.98


@pytest.mark.parametrize(
    ("shape", "low", "high"), [("round", 0.76, 0.81), ("arched", 0.9, 0.97), ("rectangular", 0.98, 1.0)]
)
def test_a_mirror_fills_as_much_of_its_box_as_its_shape_does(shape: str, low: float, high: float) -> None:
    mirror = drawn("Mirrors", shape=shape, make="Modern")
    x0, y0, x1, y1 = mirror.box
    assert low < mirror.area / ((x1 - x0) * (y1 - y0)) <= high


def test_the_pane_of_a_mirror_is_of_cool_glass() -> None:
    red, green, blue = colour_at(drawn("Mirrors", shape="round", make="Rustic"), 45, 100)
    assert min(red, green, blue) > 170
    assert blue >= red
