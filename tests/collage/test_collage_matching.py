"""The template that suits a set best."""

from __future__ import annotations

from collage_pieces import piece

from atelier.collage.matching import best_match
from atelier.collage.measures import faults
from atelier.collage.templates import library, parse_template


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
