"""Broken tables: one that cannot be read as a whole is named; one broken row costs that row alone."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atelier.datasets.drop import read_drop
from atelier.errors import DropError
from atelier.vocabulary import TABLES

GOOD = {
    "items.csv": "item_id,title,category,price,year\na,A,Shirts,1,2020\nb,B,Hats,2,\nc,C,Hats,3,2021\n",
    "photos.csv": "photo_id,kind,x0,y0,x1,y1,file\n"
    "p,street,,,,,pictures/p.jpg\nq,street,1,2,3,4,pictures/p.jpg\n",
    "regions.csv": "photo_id,label,x0,y0,x1,y1\np,Hats,0,0,5,5\nq,Hats,0,0,5,5\n",
    "outfits.csv": "outfit_id,item_ids\no,a b\np,b c\n",
    "clicks.csv": "click_id,user_id,outfit_id,shown_at,clicked,propensity\n"
    "1,u,o,2026-01-01T00:00:00Z,true,0.5\n2,u,o,2026-01-01T00:00:00Z,false,1\n",
    "category_sets.csv": "set_id,categories\ns,Day Dresses;Hats\nt,Hats; Hats\n",
    "drop.json": '{"layout": "atelier-drop", "version": 1}',
    "pictures/p.jpg": "not opened here",
}
NUM_GOOD = {"items": 3, "photos": 2, "regions": 2, "outfits": 2, "category_sets": 2, "clicks": 2}


def parquet(**columns: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


WHOLE: dict[str, tuple[str, bytes | str, str]] = {
    # what is broken: (file, its content, what the error says)
    "zero bytes": ("items.csv", "", "is empty; expected a header"),
    "blank lines only": ("items.csv", "\n\n\n", "is empty; expected a header"),
    "binary junk": ("items.csv", bytes(range(256)) * 40, "no column item_id"),
    "nul bytes": ("items.csv", bytes(5000), "no column item_id"),
    "a picture": ("photos.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "no column photo_id"),
    "no header": ("items.csv", "a,A,Shirts\nb,B,Hats\n", "no column item_id"),
    "missing column": ("items.csv", "item_id,category\na,Shirts\n", "no column title"),
    "misspelt column": (
        "items.csv",
        "item_id,title,category,prise\na,A,Shirts,1\n",
        "unknown column 'prise'",
    ),
    "column twice": ("items.csv", "item_id,title,category,title\na,A,Shirts,B\n", "more than once"),
    "semicolons": ("items.csv", "item_id;title;category\na;A;Shirts\n", "no column item_id"),
    "column of ours": (
        "photos.csv",
        "photo_id,kind,file,sha256\np,street,pictures/p.jpg,0\n",
        "unknown column",
    ),
    "no file column": ("photos.csv", "photo_id,kind\np,street\n", "no column file"),
    "utf-16": ("items.csv", "item_id,title,category\na,A,Shirts\n".encode("utf-16"), "UTF-16"),
    "html": ("outfits.csv", "<!doctype html><html>404</html>", "no column outfit_id"),
    "endless header": ("clicks.csv", "x" * 500_000, "no column click_id"),
    "json lines": ("clicks.csv", '{"click_id": 1}\n', "no column click_id"),
    "parquet junk": ("regions.parquet", b"PAR1 junk PAR1", "not a Parquet file"),
    "empty parquet": ("regions.parquet", b"", "not a Parquet file"),
    "parquet without a column": ("regions.parquet", parquet(photo_id=["p"]), "no column label"),
    "truncated parquet": ("regions.parquet", parquet(photo_id=["p"], label=["l"])[:-9], "not a Parquet"),
    "csv and parquet": ("items.parquet", parquet(item_id=["a"]), "keep the one that counts"),
    "marker is no json": ("drop.json", "{", "not JSON"),
    "marker is a list": ("drop.json", "[1]", "layout None"),
    "marker of the future": ("drop.json", '{"layout": "atelier-drop", "version": 2}', "version 2"),
    "marker nested deeply": ("drop.json", "[" * 100_000, "not JSON"),
}
ROW: dict[str, tuple[str, bytes | str, str]] = {
    # what is broken: (table, the row, what the reason says)
    "too few cells": ("items", "x,X", "2 cells; expected 5"),
    "too many cells": ("items", "x,X,Hats,1,2020,5", "6 cells; expected 5"),
    "open quote": ("items", 'x,"X,Hats,1,2020', "quote is not closed"),
    "quote within": ("items", 'x,"X" X,Hats,1,2020', "quote is not closed"),
    "not utf-8": ("items", b"x,\xe9t\xe9,Hats,1,2020", "not UTF-8"),
    "nul in a cell": ("items", "x,X\0X,Hats,1,2020", "NUL"),
    "endless cell": ("items", f"x,{'X' * 300_000},Hats,1,2020", "endless"),
    "long cell": ("items", f"x,{'X' * 120_000},Hats,1,2020", "more than 100,000 characters"),
    "no id": ("items", ",X,Hats,1,2020", "item_id is empty"),
    "no title": ("items", "x,  ,Hats,1,2020", "title is empty"),
    "price in words": ("items", "x,X,Hats,cheap,2020", "price is 'cheap'"),
    "two prices": ("items", "x,X,Hats,19-25,2020", "price is '19-25'"),
    "endless price": ("items", "x,X,Hats,inf,2020", "price is 'inf'"),
    "no number": ("items", "x,X,Hats,nan,2020", "price is 'nan'"),
    "half a year": ("items", "x,X,Hats,1,2020.5", "year is '2020.5'"),
    "huge year": ("items", "x,X,Hats,1,99999999999999999999", "year is"),
    "no picture": ("photos", "x,street,,,,,pictures/x.jpg", "not in the drop"),
    "picture outside": ("photos", "x,street,,,,,/etc/hostname", "not in the drop"),
    "no picture named": ("photos", "x,street,,,,,", "not in the drop"),
    "box in words": ("photos", "x,street,left,2,3,4,pictures/p.jpg", "x0 is 'left'"),
    "region without a box": ("regions", "p,Shirts,,,,", "x0 is empty"),
    "outfit of nothing": ("outfits", "x,", "item_ids is empty"),
    "perhaps clicked": ("clicks", "x,u,o,2026-01-01T00:00:00Z,maybe,0.5", "clicked is 'maybe'"),
    "no word on a click": ("clicks", "x,u,o,2026-01-01T00:00:00Z,,0.5", "clicked is empty"),
    "set of nothing": ("category_sets", "x,", "categories is empty"),
}


def write(folder: Path, **changed: bytes | str) -> Path:
    for name, content in (GOOD | changed).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.mark.parametrize("fault", WHOLE)
def test_a_table_that_cannot_be_read_is_named_with_what_was_expected(fault: str, tmp_path: Path) -> None:
    name, content, said = WHOLE[fault]
    write(tmp_path, **{name: content})
    if name == "regions.parquet":
        (tmp_path / "regions.csv").unlink()
    with pytest.raises(DropError, match=said) as caught:
        read_drop(tmp_path)
    assert name.partition(".")[0] in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("fault", ROW)
def test_a_broken_row_is_rejected_alone(fault: str, place: str, tmp_path: Path) -> None:
    table, row, said = ROW[fault]
    header, *rows = GOOD[f"{table}.csv"].encode().splitlines()
    broken = row.encode() if isinstance(row, str) else row
    lines = [header, broken, *rows] if place == "first" else [header, *rows, broken]
    drop = read_drop(write(tmp_path, **{f"{table}.csv": b"\n".join(lines) + b"\n"}))
    (rejected,) = drop.rejected
    assert rejected.table == table
    assert said in rejected.reason
    counts = {name: len(drop.rows[name]) for name in TABLES if name != "photos"}
    assert counts | {"photos": len(drop.photos)} == NUM_GOOD


def test_no_damage_to_a_table_is_more_than_a_clear_error(tmp_path: Path) -> None:
    """Two hundred tables with bytes changed, cut out and doubled at random."""
    write(tmp_path)
    for seed in range(200):
        generator = random.Random(seed)
        name = generator.choice([name for name in GOOD if name.endswith("csv")])
        content = bytearray(GOOD[name].encode())
        for _ in range(generator.randrange(1, 6)):
            start = generator.randrange(len(content))
            end = start + generator.randrange(8)
            junk = generator.choice(
                [b"", b'"', b"\0", b"\r", b",", content[start:end] * 2, generator.randbytes(3)]
            )
            content[start:end] = junk
        (tmp_path / name).write_bytes(content)
        try:
            drop = read_drop(tmp_path)
        except DropError as error:
            assert str(error)
        else:
            assert all(one.reason for one in drop.rejected)
        (tmp_path / name).write_text(GOOD[name])


def test_harmless_oddities_are_read(tmp_path: Path) -> None:
    """A byte-order mark, Windows line ends, blank lines, spaces, quotes with line breaks, `NA` as a value."""
    text = '\ufeff title , item_id,category\r\n\r\n"A ""big"" one,\r\nin blue",a,NA\r\n  B ,b, Hats \r\n\r\n'
    drop = read_drop(write(tmp_path, **{"items.csv": text}))
    assert drop.rejected == []
    rows = [(row.item_id, row.title, row.category) for row in drop.rows["items"]]
    assert rows == [("a", 'A "big" one,\r\nin blue', "NA"), ("b", "B", "Hats")]


@pytest.mark.parametrize(
    "index",
    [
        "",
        "[]",
        "{" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_broken_index_of_clothing_co_parsing_is_named(index: str | bytes, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("[]")
    (tmp_path / "index.json").write_bytes(index.encode() if isinstance(index, str) else index)
    with pytest.raises(DropError, match=r"index\.json"):
        read_drop(tmp_path)


@pytest.mark.parametrize("labels", ["", '{"null": 0}', "[1]"])
def test_broken_labels_of_clothing_co_parsing_are_named(labels: str, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(labels)
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(DropError, match=r"labels\.json"):
        read_drop(tmp_path)


def test_broken_regions_of_clothing_co_parsing_are_rejected_one_by_one(tmp_path: Path) -> None:
    good = {"label": "hat", "bbox": [0, 0, 5, 5], "pixels": 9}
    broken = [
        {"label": "hat"},
        {"label": "hat", "bbox": [1, 2]},
        {"label": None, "bbox": [0, 0, 1, 1]},
        {"label": "hat", "bbox": ["a", 0, 1, 1]},
        {"label": "hat", "bbox": 7},
        "hat",
        None,
    ]
    index = {"1": {"items": [*broken, good]}, "2": {"items": "none"}, "3": [], "4": {"items": [good]}}
    (tmp_path / "photos").mkdir()
    for number in index:
        (tmp_path / "photos" / f"{number}.jpg").touch()
    (tmp_path / "labels.json").write_text("[]")
    (tmp_path / "index.json").write_text(json.dumps(index))
    drop = read_drop(tmp_path)
    assert [row.photo_id for row in drop.rows["regions"]] == ["ccp/1", "ccp/4"]
    assert len(drop.photos) == 4
    assert len(drop.rejected) == len(broken) + 2


def test_parquet_values_of_a_wrong_type_are_rejected_row_by_row(tmp_path: Path) -> None:
    content = parquet(
        item_id=pa.array([1, 2, 3]),
        title=pa.array(["A", None, "C"]),
        category=pa.array([["x"], ["y"], ["z"]]),
    )
    write(tmp_path, **{"items.parquet": content})
    (tmp_path / "items.csv").unlink()
    drop = read_drop(tmp_path)
    assert drop.rows["items"] == []
    assert [one.reason.partition(": ")[2].partition(" ")[0] for one in drop.rejected] == [
        "category",
        "title",
        "category",
    ]


def test_parquet_values_that_python_has_not_cost_their_row_alone(tmp_path: Path) -> None:
    bad_text = pa.Array.from_buffers(
        pa.string(), 4, [None, pa.py_buffer(struct.pack("<5i", 0, 1, 2, 3, 4)), pa.py_buffer(b"A\xffCD")]
    )
    columns = {
        "item_id": pa.array(["a", "b", "c", "d"]),
        "title": bad_text,
        "category": pa.array(["Hats"] * 4),
        "season": pa.array([None, None, 10**17, None], pa.timestamp("ms")),
        "price": pa.array([1.0, 2.0, 3.0, 4.0]),
    }
    write(tmp_path, **{"items.parquet": parquet(**columns)})
    (tmp_path / "items.csv").unlink()
    drop = read_drop(tmp_path)
    assert [item.item_id for item in drop.rows["items"]] == ["a", "d"]
    first, second = drop.rejected
    assert "items.parquet, row 2: title holds bytes that are not UTF-8" in first.reason
    assert first.row["item_id"] == "b"
    assert "row 3: season holds a timestamp[ms] that cannot be read" in second.reason


def test_a_list_in_parquet_with_bytes_that_are_not_utf8_costs_its_row_alone(tmp_path: Path) -> None:
    texts = pa.Array.from_buffers(
        pa.string(), 4, [None, pa.py_buffer(struct.pack("<5i", 0, 1, 2, 3, 4)), pa.py_buffer(b"ab\xffb")]
    )
    lists = pa.ListArray.from_arrays(pa.array([0, 2, 4]), texts)
    write(tmp_path, **{"outfits.parquet": parquet(outfit_id=pa.array(["o", "p"]), item_ids=lists)})
    (tmp_path / "outfits.csv").unlink()
    drop = read_drop(tmp_path)
    assert [outfit.outfit_id for outfit in drop.rows["outfits"]] == ["o"]
    assert "row 2: item_ids holds bytes that are not UTF-8" in drop.rejected[0].reason


@pytest.mark.parametrize("bad", [b"\xff", b"\\ud800", b"\\u0000"])
def test_json_with_a_text_that_is_none_costs_its_row_alone(bad: bytes, tmp_path: Path) -> None:
    region = {"label": "hat", "bbox": [0, 0, 5, 5], "pixels": 9}
    index = json.dumps({"1": {"items": [region, region | {"label": "BAD"}]}}).encode().replace(b"BAD", bad)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").touch()
    (tmp_path / "labels.json").write_text("[]")
    (tmp_path / "index.json").write_bytes(index)
    drop = read_drop(tmp_path)
    assert [row.label for row in drop.rows["regions"]] == ["hat"]
    assert len(drop.rejected) == 1


def test_a_line_of_pog_that_is_not_utf8_costs_itself_alone(tmp_path: Path) -> None:
    (tmp_path / "outfit_data.txt").write_bytes(b"1,a;b\n\xff2,a;b\n3,a;b\n")
    (tmp_path / "item_data.txt").write_bytes(b"a,c,u,title\nb,c,u,\xff\n")
    drop = read_drop(tmp_path)
    assert [outfit.outfit_id for outfit in drop.rows["outfits"]] == ["pog-1", "pog-3"]
    assert [item.item_id for item in drop.rows["items"]] == ["pog-a"]
    assert ["not UTF-8" in one.reason for one in drop.rejected] == [True, True]


def test_prices_with_signs_are_read(tmp_path: Path) -> None:
    text = 'item_id,title,category,price\na,A,Shirts,$19.00\nb,B,Hats,"1.234,50 \u20ac"\n'
    drop = read_drop(write(tmp_path, **{"items.csv": text}))
    assert [item.price for item in drop.rows["items"]] == [19, 1234.5]
