"""Public sets of outfits: read as they were published, sides kept, and whatever is broken named alone."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from outfit_sets_world import (
    maryland_outfit,
    write_categories,
    write_files,
    write_maryland,
    write_pog,
    write_polyvore_outfits,
)
from public_sets_world import replace_in

from atelier.datasets.drop import read_drop
from atelier.datasets.layouts import pog
from atelier.datasets.outfit_protocol import CompatibilitySet, FillInTheBlank, read_outfit_protocol
from atelier.errors import DropError
from atelier.vocabulary import CategorySet, Click, Item, Outfit

REAL_DATA = Path(os.environ.get("ATELIER_REAL_DATA", Path(__file__).parents[3] / "shared/data/fashion"))
real_data = pytest.mark.skipif(
    not (REAL_DATA / "polyvore_categories").is_dir(), reason=f"no data under {REAL_DATA}"
)


def test_sets_of_categories_are_read_by_name(tmp_path: Path) -> None:
    drop = read_drop(write_categories(tmp_path))
    assert (drop.layouts, drop.rejected) == (("polyvore-categories",), [])
    assert drop.rows["category_sets"] == [
        CategorySet("polyvore-11", ("Day Dresses", "Sandals", "Backpacks", "Sandals"), "polyvore-categories"),
        CategorySet("polyvore-12", ("Day Dresses", "Sandals"), "polyvore-categories"),
    ]


BROKEN_SETS: dict[str, tuple[Any, str]] = {
    "too small": ({"set_id": "1", "items_category": [4]}, "expected a list of 2 or more categories"),
    "no list": ({"set_id": "1", "items_category": "4 46"}, "expected a list of 2 or more categories"),
    "nothing": ({"set_id": "1"}, "items_category is None"),
    "unknown category": ({"set_id": "1", "items_category": [4, 999]}, "has no category 999"),
    "category of no kind": ({"set_id": "1", "items_category": [4, None]}, "None is no id"),
    "no id": ({"items_category": [4, 46]}, "None is no id"),
    "truth for an id": ({"set_id": True, "items_category": [4, 46]}, "True is no id"),
    "no object": (7, "7 is no object"),
}


@pytest.mark.parametrize("fault", BROKEN_SETS)
def test_a_broken_set_of_categories_is_rejected_alone(fault: str, tmp_path: Path) -> None:
    entry, said = BROKEN_SETS[fault]
    drop = read_drop(write_categories(tmp_path, entry))
    assert len(drop.rows["category_sets"]) == 2
    (rejected,) = drop.rejected
    assert rejected.table == "category_sets"
    assert "outfits.json, outfit 3" in rejected.reason
    assert said in rejected.reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("outfits.json", ""),
        ("outfits.json", '[{"set_id": "1", "items_category"'),
        ("outfits.json", '{"set_id": "1", "items_category": [4, 46]}'),
        ("category_id.txt", ""),
        ("category_id.txt", "Dresses, 4\n"),
    ],
)
def test_a_file_of_categories_that_cannot_be_read_is_named(name: str, content: str, tmp_path: Path) -> None:
    write_categories(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(DropError, match=name):
        read_drop(tmp_path)


def test_pieces_of_an_outfit_become_items_with_photos(tmp_path: Path) -> None:
    outfit = maryland_outfit("31")
    outfit["items"][0] |= {"name": " ", "price": -1}
    write_maryland(tmp_path / "outfits", outfit)
    write_categories(tmp_path / "polyvore_categories")
    drop = read_drop(tmp_path)
    assert drop.layouts == ("polyvore-maryland", "polyvore-categories")
    source = "polyvore-maryland"
    assert drop.rows["items"] == [
        Item("polyvore-31-1", "Sandals", "Sandals", source),
        Item("polyvore-31-2", "piece 2", "Backpacks", source, price=20),
        Item("polyvore-31-3", "piece 3", "Day Dresses", source, price=30),
    ]
    item_ids = ("polyvore-31-1", "polyvore-31-2", "polyvore-31-3")
    assert drop.rows["outfits"] == [
        Outfit("polyvore-31", item_ids, source, "outfit 31", likes=7, made_by="expert")
    ]
    assert [(raw.photo.photo_id, raw.photo.item_id, raw.photo.kind) for raw in drop.photos] == [
        (item_id, item_id, "catalogue") for item_id in item_ids
    ]
    assert drop.photos[1].read() == (tmp_path / "outfits/images/31/2.jpg").read_bytes()


def test_a_piece_stays_in_its_outfit_whatever_its_price_says(tmp_path: Path) -> None:
    outfit = maryland_outfit("31")
    for piece, price in zip(outfit["items"], ("$19.00", "sold out", {"USD": 5}), strict=True):
        piece["price"] = price
    drop = read_drop(write_maryland(tmp_path, outfit))
    assert [item.price for item in drop.rows["items"]] == [19, None, None]
    assert len(drop.rows["outfits"][0].item_ids) == 3
    assert drop.rejected == []


def test_without_names_a_category_is_its_id(tmp_path: Path) -> None:
    drop = read_drop(write_maryland(tmp_path, maryland_outfit("31")))
    assert [item.category for item in drop.rows["items"]] == ["46", "259", "4"]


def test_outfits_of_published_lists_keep_their_side(tmp_path: Path) -> None:
    for number, name in enumerate(("train", "valid", "test"), start=1):
        write_maryland(tmp_path, maryland_outfit(str(number)), name=f"{name}_no_dup.json")
    drop = read_drop(tmp_path)
    assert [outfit.split for outfit in drop.rows["outfits"]] == ["train", "validation", "test"]
    assert {item.split for item in drop.rows["items"]} == {None}


def test_a_piece_without_a_published_picture_is_fine_and_one_that_lacks_it_is_told(tmp_path: Path) -> None:
    outfit = maryland_outfit("31")
    write_maryland(tmp_path, outfit)
    outfit["items"][0]["file"] = None
    outfit["items"][1]["file"] = "31/9.jpg"
    write_files(tmp_path, {"outfits.json": [outfit]})
    drop = read_drop(tmp_path)
    assert [raw.photo.photo_id for raw in drop.photos] == ["polyvore-31-3"]
    (rejected,) = drop.rejected
    assert (rejected.table, rejected.row["photo_id"]) == ("photos", "polyvore-31-2")
    assert "outfit 1" in rejected.reason
    assert "holds no picture '31/9.jpg'" in rejected.reason


def test_broken_outfits_and_pieces_are_rejected_alone(tmp_path: Path) -> None:
    write_maryland(tmp_path, maryland_outfit("31"))
    good = maryland_outfit("31")
    pieces = [*good["items"], {"index": 4}, {"name": "no index", "categoryid": 4}, "hat"]
    outfits: list[Any] = [good | {"items": pieces}, maryland_outfit("32", items="none"), {"items": []}, None]
    drop = read_drop(write_files(tmp_path, {"outfits.json": outfits}))
    assert [len(outfit.item_ids) for outfit in drop.rows["outfits"]] == [3]
    assert Counter(one.table for one in drop.rejected) == {"items": 3, "outfits": 3}
    assert [one.reason.partition(": ")[0][-8:] for one in drop.rejected] == [
        *["outfit 1"] * 3, "outfit 2", "outfit 3", "outfit 4",
    ]  # fmt: skip


def test_polyvore_outfits_become_items_photos_and_outfits_with_their_sides(tmp_path: Path) -> None:
    drop = read_drop(write_polyvore_outfits(tmp_path))
    assert (drop.layouts, drop.rejected) == (("polyvore-outfits",), [])
    source = "polyvore-outfits"
    assert drop.rows["items"][:2] == [
        Item("po-1", "A red thing", "Sweaters", source, department="tops"),
        Item("po-2", "a thing", "Sweaters", source, department="tops"),
    ]
    assert len(drop.rows["items"]) == len(drop.photos) == 12
    outfits = drop.rows["outfits"]
    assert outfits[0] == Outfit(
        "po-100", ("po-1", "po-2", "po-3"), source, "To the sea", made_by="expert", split="train"
    )
    assert [(outfit.outfit_id, outfit.split) for outfit in outfits[1:]] == [
        ("po-200", "validation"), ("po-300", "test"), ("po-400", "test"),
    ]  # fmt: skip


def test_a_folder_of_the_disjoint_variant_alone_is_read_as_that(tmp_path: Path) -> None:
    shutil.rmtree(write_polyvore_outfits(tmp_path) / "nondisjoint")
    assert len(read_drop(tmp_path).rows["outfits"]) == 4
    shutil.rmtree(tmp_path / "disjoint")
    with pytest.raises(DropError, match=r"neither nondisjoint/ nor disjoint/train\.json"):
        read_drop(tmp_path)


def test_what_is_broken_in_polyvore_outfits_is_rejected_alone(tmp_path: Path) -> None:
    write_polyvore_outfits(tmp_path)
    items = json.loads((tmp_path / "polyvore_item_metadata.json").read_text())
    outfits = json.loads((tmp_path / "nondisjoint/test.json").read_text())
    outfits += [{"set_id": "500"}, {"items": []}, {"set_id": "6", "items": [{"index": 1}]}, 7]
    changed = {
        "polyvore_item_metadata.json": items | {"13": None, "1": items["1"] | {"title": 5}},
        "nondisjoint/test.json": outfits,
    }
    write_files(tmp_path, changed)
    (tmp_path / "images/12.jpg").unlink()
    drop = read_drop(tmp_path)
    assert Counter(one.table for one in drop.rejected) == {"items": 1, "photos": 1, "outfits": 4}
    assert (len(drop.rows["items"]), len(drop.photos), len(drop.rows["outfits"])) == (12, 11, 4)


@pytest.mark.parametrize(
    "name", ["polyvore_item_metadata.json", "polyvore_outfit_titles.json", "nondisjoint/valid.json"]
)
def test_a_file_of_polyvore_outfits_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    write_polyvore_outfits(tmp_path)
    for content in ("", "7", '{"1": '):
        (tmp_path / name).write_text(content)
        with pytest.raises(DropError, match=name):
            read_drop(tmp_path)


@pytest.mark.parametrize("variant", ["nondisjoint", "disjoint"])
def test_the_protocol_asks_the_published_questions(variant: str, tmp_path: Path) -> None:
    protocol = read_outfit_protocol(write_polyvore_outfits(tmp_path / "x").parent, variant)
    assert (protocol.name, protocol.broken_lines) == (variant, ())
    assert protocol.questions == (
        FillInTheBlank(("po-3", "po-7", "po-9"), ("po-10", "po-8", "po-11", "po-12"), right=1),
        FillInTheBlank(("po-11", "po-12"), ("po-10", "po-3"), right=0),
    )
    assert protocol.compatibility == (
        CompatibilitySet(("po-3", "po-7", "po-8", "po-9"), True),
        CompatibilitySet(("po-3", "po-11"), False),
    )


def test_broken_questions_are_listed_and_the_others_asked(tmp_path: Path) -> None:
    write_polyvore_outfits(tmp_path)
    path = tmp_path / "disjoint/fill_in_blank_test.json"
    good = json.loads(path.read_text())
    broken = [
        {"question": ["300_1"], "answers": ["400_1", "400_2"]},
        {"question": ["300_1"], "answers": ["300_2", "300_3"]},
        {"question": ["300_1"], "answers": ["300_2", "400_9"]},
        {"question": [], "answers": ["300_2"]},
        {"answers": ["300_2"]},
        7,
    ]
    path.write_text(json.dumps([*broken, *good]))
    replace_in(tmp_path / "disjoint/compatibility_test.txt", "1 300_1", "2 300_1 300_2\n1 300_1\n\n1 300_1")
    protocol = read_outfit_protocol(tmp_path, "disjoint")
    assert (len(protocol.questions), len(protocol.compatibility)) == (2, 2)
    assert [line.partition(": ")[2][:30] for line in protocol.broken_lines] == [
        "0 of the answers are of the ou",
        "2 of the answers are of the ou",
        "test.json has no piece 400_9",
        "question is []; expected a lis",
        "question is None; expected a l",
        "question is None; expected a l",
        *["expected 0 or 1, then two or m"] * 2,
    ]
    assert read_outfit_protocol(tmp_path, "nondisjoint").broken_lines == ()


def test_a_folder_without_the_questions_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no variant 'train'"):
        read_outfit_protocol(tmp_path, "train")
    with pytest.raises(DropError, match="holds Polyvore Outfits 0 times"):
        read_outfit_protocol(tmp_path, "disjoint")
    write_polyvore_outfits(tmp_path)
    write_files(tmp_path, {"disjoint/fill_in_blank_test.json": "[7]"})
    with pytest.raises(DropError, match=r"0 questions and 2 sets to judge.*question is None"):
        read_outfit_protocol(tmp_path, "disjoint")
    (tmp_path / "disjoint/compatibility_test.txt").unlink()
    with pytest.raises(DropError, match=r"compatibility_test\.txt is missing"):
        read_outfit_protocol(tmp_path, "disjoint")


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


@real_data
def test_the_real_sets_of_categories_are_all_good() -> None:
    drop = read_drop(REAL_DATA / "polyvore_categories")
    assert (len(drop.rows["category_sets"]), drop.rejected) == (16_983, [])


@real_data
def test_the_real_outfits_are_all_good() -> None:
    drop = read_drop(REAL_DATA / "polyvore_outfits")
    assert (len(drop.rows["outfits"]), len(drop.rows["items"]), drop.rejected) == (9, 66, [])
    assert len(drop.photos) == 63
