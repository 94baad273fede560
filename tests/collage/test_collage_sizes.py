"""Things are shown by their real sizes."""

from __future__ import annotations

from collage_pieces import piece

from atelier.collage.sizes import real_cm, shown_size


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
