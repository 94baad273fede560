"""Folders of queries: zips and folders alike, either Unicode form; what cannot be asked is named apart."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from atelier.errors import DropError
from atelier.jobs.retrieval.queries import read_queries, read_truth
from atelier.pictures import encode_jpeg
from atelier.vocabulary import Box

HEADER = "photo,item_id,x0,y0,x1,y1\n"
JPEG = encode_jpeg(np.full((40, 30, 3), 99, np.uint8))


def write(folder: Path, lines: str, **archives: tuple[str, ...]) -> Path:
    """`truth.csv`, a zip for each keyword with these members, and the folder `plain` with `1.jpg`."""
    (folder / "plain").mkdir()
    (folder / "plain" / "1.jpg").write_bytes(JPEG)
    for name, members in archives.items():
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for member in members:
                archive.writestr(member, JPEG)
    (folder / "truth.csv").write_text(HEADER + lines, encoding="utf-8")
    return folder


@pytest.mark.parametrize("photo", ["clean.zip/1.jpg", "clean/1.jpg", "plain/1.jpg", "plain.zip/1.jpg"])
def test_zips_and_folders_are_the_same(photo: str, tmp_path: Path) -> None:
    (query,) = read_queries(write(tmp_path, f"{photo},a,1,2,3,4\n", clean=("1.jpg",)))
    assert (query.kind, query.item_id) == (photo.partition("/")[0].removesuffix(".zip"), "a")
    assert (query.box, query.data) == (Box(1, 2, 3, 4), JPEG)


@pytest.mark.parametrize("written", ["caf\u00e9", "cafe\u0301"])
@pytest.mark.parametrize("stored", ["caf\u00e9", "cafe\u0301"])
def test_photos_and_items_are_found_in_either_unicode_form(written: str, stored: str, tmp_path: Path) -> None:
    write(tmp_path, f"street/{written}.jpg,{written},,,,\n", street=(f"{stored}.jpg",))
    (query,) = read_queries(tmp_path)
    assert query.item_id == "caf\u00e9"


def test_lines_that_ask_nothing_are_counted_apart_and_named(tmp_path: Path) -> None:
    lines = (
        "plain/1.jpg,a,,,,\nplain/1.jpg,b\nplain/1.jpg,,,,,\n,c,,,,\nplain/1.jpg,d,,,,,7\nplain/1.jpg,e,,,,\n"
    )
    truth = read_truth(write(tmp_path, lines))
    assert [query.item_id for query in truth.queries] == ["a", "e"]
    assert [reason.partition("line ")[2] for reason in truth.left_out] == [
        "3: 2 cells; expected 6",
        "6: 7 cells; expected 6",
        "4: item_id is empty",
        "5: photo is empty",
    ]
    with pytest.raises(DropError, match="line 3: 2 cells"):
        read_queries(tmp_path)


def test_a_line_that_is_not_utf8_is_left_out_alone(tmp_path: Path) -> None:
    write(tmp_path, "")
    (tmp_path / "truth.csv").write_bytes(HEADER.encode() + b"plain/1.jpg,\xff,,,,\nplain/1.jpg,a,,,,\n")
    truth = read_truth(tmp_path)
    assert [query.item_id for query in truth.queries] == ["a"]
    assert "line 2: item_id holds bytes that are not UTF-8" in truth.left_out[0]


def test_an_item_that_nobody_can_find_is_left_out_and_named(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path, "plain/1.jpg,03000,,,,\nplain/1.jpg,3000,,,,\n"))
    known = truth.among({"3000"}.__contains__)
    assert [query.item_id for query in known.queries] == ["3000"]
    (reason,) = known.left_out
    assert "truth.csv line 2: item '03000' of photo 'plain/1.jpg' is neither" in reason
    with pytest.raises(DropError, match=r"none of 2 queries can be asked; the first: .*line 2: item '03000'"):
        truth.among(set().__contains__)


@pytest.mark.parametrize("damage", ["bytes", "encrypted", "missing", "outside", "no folder"])
def test_a_photo_that_cannot_be_read_is_an_error_that_names_its_line(damage: str, tmp_path: Path) -> None:
    write(tmp_path, "plain/1.jpg,a,,,,\nstreet.zip/1.jpg,b,,,,\n")
    with zipfile.ZipFile(tmp_path / "street.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.jpg" if damage != "missing" else "2.jpg", JPEG)
    content = bytearray((tmp_path / "street.zip").read_bytes())
    if damage == "bytes":
        content[40:120] = b"\xff" * 80
    elif damage == "encrypted":
        content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "street.zip").write_bytes(content)
    if damage in ("outside", "no folder"):
        photo = "../x/1.jpg" if damage == "outside" else "1.jpg"
        (tmp_path / "truth.csv").write_text(HEADER + f"plain/1.jpg,a,,,,\n{photo},b,,,,\n")
    with pytest.raises(DropError, match=r"truth\.csv line 3: there is no readable photo"):
        read_truth(tmp_path)


def test_a_box_that_is_none_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(DropError, match=r"line 2: .* is not a box"):
        read_truth(write(tmp_path, "plain/1.jpg,a,1,2,,\n"))


def test_a_folder_without_a_table_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(DropError, match=r"truth\.csv does not exist.*photo, item_id, x0"):
        read_truth(tmp_path)
