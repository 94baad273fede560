"""POG becomes outfits with their items, and clicks with histories."""

from __future__ import annotations

from pathlib import Path

import pytest
from outfit_sets_world import (
    write_pog,
)

from atelier.datasets.drop import read_drop
from atelier.datasets.layouts import pog
from atelier.errors import DropError
from atelier.vocabulary import Click, Item, Outfit


def test_pog_becomes_outfits_with_their_items_and_clicks_with_histories(tmp_path: Path) -> None:
    drop = read_drop(write_pog(tmp_path))
    assert (drop.layouts, drop.rejected) == (("pog",), [])
    assert drop.rows["outfits"] == [
        Outfit("pog-o1", ("pog-a", "pog-b", "pog-c"), "pog", made_by="expert"),
        Outfit("pog-o2", ("pog-b", "pog-d"), "pog", made_by="expert"),
    ]
    assert drop.rows["items"] == [
        Item(f"pog-{name}", f"长 裙, {name}", f"1{n}", "pog") for n, name in enumerate("abcde")
    ]
    assert [raw.photo.item_id for raw in drop.photos] == ["pog-b", "pog-e"]
    assert drop.rows["clicks"] == [
        Click("pog-u1-1", "pog-u1", "pog-o1", True, "pog", history=("pog-a", "pog-x9")),
        Click("pog-u1-2", "pog-u1", "pog-o2", True, "pog", history=("pog-a", "pog-x9", "pog-c")),
        Click("pog-u2-1", "pog-u2", "pog-o1", True, "pog", history=("pog-d",)),
    ]
    (note,) = drop.notes
    assert "1 items without picture and outfit were left out" in note


def test_of_too_many_clicks_the_first_are_read_and_the_reader_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pog, "MAX_CLICKS", 2)
    drop = read_drop(write_pog(tmp_path))
    assert [click.click_id for click in drop.rows["clicks"]] == ["pog-u1-1", "pog-u1-2"]
    assert "the first 2 clicks were read" in drop.notes[-1]


@pytest.mark.parametrize(
    ("name", "line"),
    [("outfit", "o3"), ("outfit", ",a;b"), ("item", "a,10,//img"), ("user", "u1,a"), ("user", "u1,,o1")],
)
def test_a_broken_line_of_pog_is_rejected_alone(name: str, line: str, tmp_path: Path) -> None:
    good = read_drop(write_pog(tmp_path)).rows
    text = (tmp_path / f"{name}_data.txt").read_text()
    drop = read_drop(write_pog(tmp_path, **{name: f"{line}\n\n{text}"}))
    (rejected,) = drop.rejected
    assert rejected.table == f"{name}s".replace("users", "clicks")
    assert f"{name}_data.txt, line 1: expected {name}_id," in rejected.reason
    assert drop.rows == good


@pytest.mark.parametrize("text", ["", "no comma anywhere\n" * 5_000, "\x89PNG\r\n\x1a\n\0\0"])
@pytest.mark.parametrize("name", ["outfit", "item", "user"])
def test_a_file_of_pog_that_is_something_else_is_named(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(DropError, match=f"{name}_data.txt has no line that can be read; expected {name}_id"):
        read_drop(write_pog(tmp_path, **{name: text}))
