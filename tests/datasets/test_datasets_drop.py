"""Layouts: each is recognised by its files, zipped or not, and read as its source means it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from layouts_world import CLOTHING, OWN, ccp, fpi, jpeg, reasons, write

from atelier.datasets.drop import read_drop
from atelier.errors import DropError, PictureError
from atelier.pictures import size


def test_a_folder_may_hold_several_layouts_and_unknown_things(tmp_path: Path) -> None:
    for folder, files in {"fpi": fpi(), "ccp": ccp(), "deep/cc0": CLOTHING}.items():
        write(tmp_path / folder, files)
    write(tmp_path / "notes", {"a.txt": ""})
    drop = read_drop(tmp_path)
    assert sorted(drop.layouts) == ["clothing-co-parsing", "clothing-dataset", "fashion-product-images"]
    assert drop.unknown == ("notes",)
    assert len(drop.photos) == 3 + 2 + 1


def test_a_layout_may_be_one_zip(tmp_path: Path) -> None:
    write(tmp_path / "unpacked", fpi(["images/1164.jpg", "images/1530.jpg", "images/1531.jpg"]))
    shutil.make_archive(str(tmp_path / "drop" / "archive"), "zip", tmp_path / "unpacked")
    drop = read_drop(tmp_path / "drop")
    assert len(drop.rows["items"]) == 3
    assert [raw.read() for raw in drop.photos] == [jpeg()] * 3


def test_held_out_queries_beside_the_products_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, fpi())
    write(tmp_path, {"queries/street.zip/1164.jpg": jpeg(400, 600), "queries/truth.csv": "photo\n"})
    photo = read_drop(tmp_path).photos[0]
    assert size(photo.read()) == (30, 40)


def test_a_folder_of_no_known_layout_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DropError, match=r"fashion-product-images by styles\.csv.*drop-layout\.md"):
        read_drop(tmp_path)
    with pytest.raises(DropError, match="is not a folder"):
        read_drop(tmp_path / "nowhere")


def test_a_name_cannot_lead_out_of_the_drop(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    write(tmp_path / "drop", OWN)
    header = "photo_id,kind,file\n"
    outside = ["../secret.jpg", str(tmp_path / "secret.jpg"), "pictures/../../secret.jpg", "link.jpg", ""]
    (tmp_path / "drop" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "drop" / "photos.csv").write_text(
        header + "".join(f"p{n},street,{name}\n" for n, name in enumerate(outside))
    )
    drop = read_drop(tmp_path / "drop")
    assert drop.photos == []
    assert len([reason for reason in reasons(drop) if "is not in the drop" in reason]) == len(outside)


def test_strange_member_names_of_a_zip_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, fpi([]))
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as zipped:
        for name in ("../1164.jpg", "/1530.jpg", "__MACOSX/._1531.jpg"):
            zipped.writestr(name, jpeg())
    assert read_drop(tmp_path).photos == []


def test_members_that_cannot_be_read_fail_one_by_one(tmp_path: Path) -> None:
    write(tmp_path, fpi())
    path = tmp_path / "images.zip"
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1  # the first member claims to be encrypted
    content[content.index(jpeg()[20:40]) + len(jpeg()) * 2] ^= 0xFF  # a byte of a later one is changed
    path.write_bytes(content)
    first, *others = read_drop(tmp_path).photos
    with pytest.raises(PictureError, match="encrypted"):
        first.read()
    outcomes = []
    for raw in others:
        try:
            outcomes.append(raw.read() == jpeg())
        except PictureError as error:
            outcomes.append("CRC" in str(error))
    assert outcomes == [True, True]


def test_a_member_that_claims_to_be_huge_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atelier.datasets.files.MAX_MEMBER_BYTES", 1_000_000)
    write(tmp_path, fpi(["images.zip/1530.jpg", "images.zip/1531.jpg"]))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("1164.jpg", bytes(5_000_000))
    assert (tmp_path / "bomb.zip").stat().st_size < 10_000
    with pytest.raises(PictureError, match="5,000,000 bytes; at most 1,000,000"):
        read_drop(tmp_path).photos[0].read()


@pytest.mark.parametrize("keep", [0, 10, 1000])
def test_a_truncated_zip_is_named(tmp_path: Path, keep: int) -> None:
    write(tmp_path, fpi())
    path = tmp_path / "images.zip"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DropError, match=r"images\.zip is not a zip file we can read"):
        read_drop(tmp_path)
