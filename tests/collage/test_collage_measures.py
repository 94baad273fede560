"""Faults and measures of layouts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from collage_pieces import piece

from atelier.collage.boxes import Layout, Placed
from atelier.collage.measures import Bounds, faults, measure
from atelier.vocabulary import Box

LOOSE = Bounds(min_white_space=0, max_white_space=1, max_white_space_of_few=1, max_imbalance=1)


def _layout(*boxes: tuple[float, float, float, float]) -> Layout:
    placed = [
        Placed(piece(f"slot{number}", (x1 - x0) / (y1 - y0)), Box(x0, y0, x1, y1), f"slot{number}")
        for number, (x0, y0, x1, y1) in enumerate(boxes)
    ]
    return Layout(1000, 1000, 50, tuple(placed))


def test_pieces_side_by_side_have_no_fault_and_touching_is_no_overlap() -> None:
    assert faults(_layout((100, 100, 500, 800), (500, 100, 900, 800))) == []


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        (((100, 100, 500, 800), (499, 100, 899, 800)), "overlap"),
        (((20, 100, 420, 800),), "outside the canvas or on its margin"),
        (((100, 100, 900, 990),), "outside the canvas or on its margin"),
        (((50, 50, 350, 350),), "hang to one side"),
        (((500, 500, 505, 505),), "too small"),
        (((50, 50, 950, 950),), "white space is 0.19"),
    ],
)
def test_every_kind_of_fault_is_seen(boxes: tuple[tuple[float, ...], ...], message: str) -> None:
    found = faults(_layout(*boxes))  # type: ignore[arg-type]
    assert any(message in sentence for sentence in found), found


def test_a_distorted_piece_and_one_on_a_text_are_seen() -> None:
    layout = _layout((100, 100, 500, 800))
    stretched = replace(layout.placed[0], box=Box(100, 100, 520, 800))
    assert any("distorted" in each for each in faults(replace(layout, placed=(stretched,)), LOOSE))
    under = replace(layout, text_boxes=(("title", Box(50, 50, 950, 120)),))
    assert any("lies on the text 'title'" in each for each in faults(under, LOOSE))


def test_what_a_template_allows_to_overlap_is_no_fault_but_counted() -> None:
    layout = _layout((100, 100, 500, 800), (450, 100, 850, 800))
    allowed = replace(layout.placed[0], may_overlap=frozenset({"slot1"}))
    layout = replace(layout, placed=(allowed, layout.placed[1]))
    assert faults(layout) == []
    assert measure(layout).num_overlaps == 1


def test_white_space_and_balance_are_those_of_the_drawing() -> None:
    seen = measure(_layout((0, 0, 500, 500)))
    assert seen.white_space == pytest.approx(0.75)
    assert seen.imbalance == pytest.approx(0.5)
