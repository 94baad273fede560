"""Our own drop is read with its types."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from layouts_world import OWN, jpeg, write

from atelier.datasets.drop import read_drop
from atelier.vocabulary import CategorySet, Click, Item, Outfit


def test_our_own_drop_is_read_with_its_types(tmp_path: Path) -> None:
    drop = read_drop(write(tmp_path / "x", OWN))
    assert (drop.name, drop.rejected) == ("autumn", [])
    assert drop.rows["items"] == [
        Item("a", "Shirt, blue", "Shirts", "atelier-drop", price=12.5, stock=3),
        Item("b", "Hat", "Hats", "atelier-drop", year=2024),
    ]
    assert drop.rows["outfits"] == [Outfit("o", ("b", "a"), "atelier-drop", likes=5)]
    assert drop.rows["clicks"][0].clicked is True
    assert [raw.photo.x1 for raw in drop.photos] == [None, 20.5]
    assert all(raw.read() == jpeg() for raw in drop.photos)


def test_our_own_drop_tells_what_is_known_of_sets_and_clicks(tmp_path: Path) -> None:
    write(tmp_path, OWN)
    more = {
        "items.csv": "item_id,title,category,style,scene,shop\na,A,Hats,Boho,Beach,Our Shop\nb,B,Hats,,,\n",
        "outfits.csv": "outfit_id,item_ids,made_by\no,b a,expert\n",
        "category_sets.csv": "set_id,categories\ns,Day Dresses; Hats ;Hats\n",
        "clicks.csv": "click_id,user_id,outfit_id,clicked,history\nc,u,o,false,a sold-out\n",
    }
    drop = read_drop(write(tmp_path, more))
    assert drop.rejected == []
    assert drop.rows["items"][0] == Item(
        "a", "A", "Hats", "atelier-drop", style="Boho", scene="Beach", shop="Our Shop"
    )
    assert drop.rows["outfits"] == [Outfit("o", ("b", "a"), "atelier-drop", made_by="expert")]
    assert drop.rows["category_sets"] == [CategorySet("s", ("Day Dresses", "Hats", "Hats"), "atelier-drop")]
    assert drop.rows["clicks"] == [Click("c", "u", "o", False, "atelier-drop", history=("a", "sold-out"))]


def test_our_own_drop_may_hold_parquet(tmp_path: Path) -> None:
    write(tmp_path, {name: data for name, data in OWN.items() if not name.startswith(("items", "outfits"))})
    items = {"item_id": ["a", "b"], "title": ["x", "y"], "category": ["c", "c"], "year": [2024, None]}
    pq.write_table(pa.table(items), tmp_path / "items.parquet")
    pq.write_table(pa.table({"outfit_id": ["o"], "item_ids": [["b", "a"]]}), tmp_path / "outfits.parquet")
    drop = read_drop(tmp_path)
    assert [row.year for row in drop.rows["items"]] == [2024, None]
    assert drop.rows["outfits"][0].item_ids == ("b", "a")
