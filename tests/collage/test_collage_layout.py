"""Layouts: measured by themselves, made by templates, and by the solver for whatever comes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from collage_pieces import piece

from atelier.collage.boxes import Layout, Piece, Placed
from atelier.collage.matching import best_match
from atelier.collage.measures import Bounds, faults, measure
from atelier.collage.sizes import real_cm, shown_size
from atelier.collage.solver import solve
from atelier.collage.templates import library, parse_template
from atelier.errors import CollageError
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


def test_trousers_are_shown_longer_than_a_shirt_and_a_shirt_than_a_watch() -> None:
    longer = [
        max(shown_size(piece(slot, 0.8, category)))
        for slot, category in (
            ("bottom", "Jeans"),
            ("top", "Shirts"),
            ("bag", "Handbags"),
            ("accessory", "Watches"),
        )
    ]
    assert longer == sorted(longer, reverse=True)
    assert longer[0] / longer[-1] < 92 / 18, "tempered, so that small things are seen"


def test_a_category_counts_before_its_slot_and_what_is_unknown_is_of_usual_size() -> None:
    assert real_cm("Tents", "top") == 170
    assert real_cm("No such thing", "shoes") == 29
    assert real_cm(None, "no such slot") == 45


def test_a_template_is_chosen_by_its_slots() -> None:
    pieces = [
        piece("bed", 1.3, "Beds"),
        piece("bedside table", 0.9),
        piece("lamp", 0.5),
        piece("wall picture", 1.2),
    ]
    match = best_match(pieces, library(), (), 1.0)
    assert match is not None and "Bedroom" in match.template.name
    assert {each.piece.slot: each.name for each in match.layout.placed}["lamp"] == "lamp"
    assert faults(match.layout) == []


def test_a_template_needs_its_boxes_filled_its_texts_given_and_its_proportions() -> None:
    only = parse_template(
        """{"name": "x", "canvas": [100, 100], "boxes": [
        {"slots": ["top"], "box": [20, 20, 48, 80]}, {"slots": ["bottom"], "box": [52, 20, 80, 80]},
        {"name": "o", "slots": ["bag"], "box": [5, 85, 15, 95], "optional": true}],
        "texts": [{"name": "title", "box": [20, 2, 80, 15], "size": 8, "optional": false}]}"""
    )
    pair = [piece("top", 0.5), piece("bottom", 0.5)]
    assert best_match(pair, [only], ["title"], 1.0) is not None
    assert best_match(pair, [only], [], 1.0) is None
    assert best_match(pair, [only], ["title", "subtitle"], 1.0) is None
    assert best_match(pair, [only], ["title"], 1.5) is None
    assert best_match(pair[:1], [only], ["title"], 1.0) is None
    assert best_match([*pair, piece("shoes")], [only], ["title"], 1.0) is None


def test_seeds_take_turns_among_templates_that_suit_nearly_alike() -> None:
    pieces = [piece(slot) for slot in ("top", "bottom", "shoes", "bag", "accessory")]
    chosen = {
        match.template.name for seed in range(9) if (match := best_match(pieces, library(), (), 1.0, seed))
    }
    assert len(chosen) >= 3


def test_a_template_whose_layout_has_a_fault_is_not_used() -> None:
    corner = parse_template(
        '{"name": "x", "canvas": [100, 100], "boxes": [{"slots": ["*"], "box": [0, 0, 30, 30]}]}'
    )
    assert best_match([piece("top", 1.0)], [corner], (), 1.0) is None


def _any_pieces(chance: random.Random) -> list[Piece]:
    categories = ["Beds", "Ring", "Watches", "Jeans", "Tshirts", "Handbags", None]
    return [
        piece(
            chance.choice(["top", "bottom", "shoes", "?"]), chance.uniform(0.12, 6), chance.choice(categories)
        )
        for _ in range(chance.randint(1, 8))
    ]


@pytest.mark.parametrize("canvas", [(1000.0, 1000.0), (800.0, 1000.0), (1600.0, 900.0)])
def test_the_solver_places_whatever_comes_without_overlap_inside_the_canvas(
    canvas: tuple[float, float],
) -> None:
    chance = random.Random(3)
    for seed in range(40):
        pieces = _any_pieces(chance)
        area = Box(50, 150, canvas[0] - 50, canvas[1] - 50)
        title = (("title", Box(50, 50, canvas[0] - 50, 140)),)
        layout = solve(pieces, area, canvas, 50, title, seed)
        assert len(layout.placed) == len(pieces)
        tiny = replace(LOOSE, min_side=0.001)
        assert faults(layout, tiny) == [], [each.aspect for each in pieces]


def test_the_solver_is_the_same_for_the_same_seed() -> None:
    pieces = _any_pieces(random.Random(5))
    area = Box(50, 50, 950, 950)
    first, again = (solve(pieces, area, (1000, 1000), 50, seed=7) for _ in range(2))
    assert [each.box for each in first.placed] == [each.box for each in again.placed]


def test_the_solver_keeps_pieces_of_like_size_at_like_scale() -> None:
    layout = solve(
        [piece(slot) for slot in ("top", "bottom", "outer")], Box(50, 50, 950, 950), (1000, 1000), 50
    )
    scales = [(each.box.y1 - each.box.y0) / shown_size(each.piece)[1] for each in layout.placed]
    assert max(scales) / min(scales) < 1.3


def test_no_pieces_and_too_many_are_refused() -> None:
    for number in (0, 13):
        with pytest.raises(CollageError, match=f"1 to 12 pieces, not {number}"):
            solve([piece("top")] * number, Box(50, 50, 950, 950), (1000, 1000), 50)
