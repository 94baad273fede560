"""An outfit promises two or more different items that were accepted."""

from __future__ import annotations

from dataclasses import replace

from contracts_world import ITEM, OUTFIT, around, broken

from atelier.contracts.outfits import PROMISES
from atelier.contracts.promise import KnownKeys


def test_items_are_different_and_accepted_now_or_before() -> None:
    near = around(KnownKeys(items=frozenset({"i2"})), items=[ITEM])
    rows = [
        OUTFIT,
        replace(OUTFIT, item_ids=("i1", "i1")),
        replace(OUTFIT, item_ids=("i1",)),
        replace(OUTFIT, item_ids=("i1", "i9")),
        replace(OUTFIT, item_ids=()),
    ]
    different, accepted = "two or more different items", "the ids of items accepted with this drop or before"
    assert broken("outfits", PROMISES, rows, near) == [[], [different], [different], [accepted], [different]]
