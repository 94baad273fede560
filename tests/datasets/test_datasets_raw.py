"""A drop begins empty, with a list for each table, and remembers what it rejected."""

from __future__ import annotations

from atelier.datasets.raw import Drop, Rejected
from atelier.vocabulary import TABLES


def test_two_drops_share_nothing() -> None:
    one, other = Drop("one"), Drop("other")
    one.rows["items"].append("row")
    one.reject("items", {"item_id": "a"}, "no title")
    assert set(other.rows) == set(TABLES) - {"photos"}
    assert not any(other.rows.values())
    assert other.rejected == []
    assert one.rejected == [Rejected("items", {"item_id": "a"}, "no title")]
