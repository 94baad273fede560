"""Files of a drop: zips of any tool, links and Unicode forms; what is not read is told with its reason."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from atelier.datasets.drop import Drop, read_drop
from atelier.datasets.files import Files
from atelier.errors import PictureError
from atelier.pictures import encode_jpeg

JPEG = encode_jpeg(np.full((40, 30, 3), 99, np.uint8))
HEADER = "id,gender,masterCategory,subCategory,articleType,productDisplayName\n"
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


def zipped(names: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in names.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def products(folder: Path, *ids: str) -> Path:
    """A drop in the layout `fashion-product-images`, without pictures."""
    rows = "".join(f"{number},Men,Apparel,Topwear,Tshirts,Shirt {number}\n" for number in ids)
    (folder / "styles.csv").write_text(HEADER + rows, encoding="utf-8")
    return folder


def own(folder: Path, *files: str) -> Path:
    """A drop in our own layout, whose street photos are in these files."""
    (folder / "drop.json").write_text('{"layout": "atelier-drop", "version": 1}')
    rows = "".join(f"p{n},street,{name}\n" for n, name in enumerate(files))
    (folder / "photos.csv").write_text("photo_id,kind,file\n" + rows, encoding="utf-8")
    return folder


def reasons(drop: Drop) -> list[str]:
    return [one.reason for one in drop.rejected]


def read_all(drop: Drop) -> int:
    """How many photos give their picture."""
    assert all(raw.read() == JPEG for raw in drop.photos)
    return len(drop.photos)


@pytest.mark.parametrize(
    "suffix", [".jfif", ".JPE", ".jfi", ".JPG", ".Tif", ".webp", ".mpo", ".APNG", ".dib"]
)
def test_pictures_of_every_known_suffix_are_taken(suffix: str, tmp_path: Path) -> None:
    products(tmp_path, "1", "2")
    (tmp_path / f"1{suffix}").write_bytes(JPEG)
    (tmp_path / "images.zip").write_bytes(zipped({f"a/2{suffix}": JPEG}))
    assert read_all(read_drop(tmp_path)) == 2


def test_members_with_backslashes_are_read(tmp_path: Path) -> None:
    names = {"images\\": b"", "images\\1.jpg": JPEG, "__MACOSX\\2.jpg": JPEG, "images\\sub\\3.jpg": JPEG}
    (tmp_path / "images.zip").write_bytes(zipped(names))
    files = Files(tmp_path)
    found = {"images.zip/images/1.jpg", "images.zip/images/sub/3.jpg"}
    assert set(map(str, files.by_path)) == found
    assert read_all(read_drop(products(tmp_path, "1", "3"))) == 2


@pytest.mark.parametrize(
    "name",
    ["../1.jpg", "/1.jpg", "..\\..\\1.jpg", "a/../../1.jpg", "C:\\pictures\\1.jpg", "\\\\host\\x\\1.jpg"],
)
def test_a_member_that_leads_out_of_its_zip_is_passed_over_by_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "images.zip").write_bytes(zipped({name: JPEG}))
    drop = read_drop(products(tmp_path, "1"))
    assert drop.photos == []
    assert len(reasons(drop)) == 1
    assert "no picture is named 1; images.zip/1.jpg was passed over: its name leads out" in reasons(drop)[0]
    assert any("leads out of the zip" in note for note in drop.notes)


def test_a_zip_within_a_zip_is_read(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(
        zipped({"set/images.zip": zipped({"small/1.jpg": JPEG}), "2.jpg": JPEG})
    )
    assert read_all(read_drop(products(tmp_path, "1", "2"))) == 2
    own_dir = tmp_path / "own"
    own_dir.mkdir()
    (own_dir / "all.zip").write_bytes(zipped({"set/images.zip": zipped({"small/1.jpg": JPEG})}))
    assert read_all(read_drop(own(own_dir, "all.zip/set/images.zip/small/1.jpg"))) == 1


def test_a_zip_within_a_zip_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = zipped({"1.jpg": JPEG})
    for level in range(6):
        deep = zipped({f"{level}.zip": deep})
    content = {"deep.zip": deep, "cut.zip": zipped({"1.jpg": JPEG})[:60], "junk.zip": b"no zip"}
    (tmp_path / "all.zip").write_bytes(zipped(content))
    drop = read_drop(products(tmp_path, "1"))
    assert "all.zip/" in reasons(drop)[0]
    notes = "\n".join(drop.notes)
    assert "unpack the outer ones" in notes
    assert "all.zip/cut.zip was passed over: it is not a zip file we can read" in notes
    assert "all.zip/junk.zip was passed over" in notes
    monkeypatch.setattr("atelier.datasets.files.MAX_NESTED_BYTES", 1_000)
    (tmp_path / "all.zip").write_bytes(zipped({"bomb.zip": bytes(2_000)}))
    assert "bomb.zip was passed over: it is a zip of 2,000 bytes" in reasons(read_drop(tmp_path))[0]


def test_an_encrypted_zip_tells_of_its_password(tmp_path: Path) -> None:
    content = bytearray(zipped({"1.jpg": JPEG, "inner.zip": zipped({"2.jpg": JPEG})}))
    start = 0
    while (start := content.find(b"PK\x01\x02", start)) >= 0:
        content[start + 8] |= 1
        start += 4
    (tmp_path / "images.zip").write_bytes(content)
    drop = read_drop(products(tmp_path, "1", "2"))
    with pytest.raises(PictureError, match="encrypted; expected a zip without a password"):
        drop.photos[0].read()
    assert "inner.zip was passed over: it is encrypted" in reasons(drop)[0]


def test_a_linked_folder_is_followed_within_the_drop_and_named_where_it_leads_out(tmp_path: Path) -> None:
    outside, inside = tmp_path / "elsewhere", tmp_path / "drop"
    for folder in (outside, inside / "real"):
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(JPEG)
    (inside / "link").symlink_to(inside / "real", target_is_directory=True)
    (inside / "again").symlink_to("link", target_is_directory=True)
    (inside / "out").symlink_to(outside, target_is_directory=True)
    (inside / "real" / "loop").symlink_to(inside, target_is_directory=True)
    (inside / "gone").symlink_to(tmp_path / "nowhere")
    names = ["link/1.jpg", "again/1.jpg", "real/loop/real/1.jpg", "out/1.jpg"]
    drop = read_drop(own(inside, *names))
    assert read_all(drop) == 3
    (reason,) = reasons(drop)
    assert (
        "'out/1.jpg' of photo p3 is not in the drop; out was passed over: it is a link that leads out"
        in reason
    )
    assert any(note.startswith("gone was passed over") for note in drop.notes)


@pytest.mark.parametrize("in_table", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("on_disk", [COMPOSED, DECOMPOSED])
def test_a_name_is_found_in_either_unicode_form(in_table: str, on_disk: str, tmp_path: Path) -> None:
    (tmp_path / on_disk).mkdir()
    (tmp_path / on_disk / f"{on_disk}.jpg").write_bytes(JPEG)
    (tmp_path / f"{on_disk}.zip").write_bytes(zipped({f"{on_disk}/{on_disk}2.jpg": JPEG}))
    names = [f"{in_table}/{in_table}.jpg", f"{in_table}.zip/{in_table}/{in_table}2.jpg"]
    assert read_all(read_drop(own(tmp_path, *names))) == 2


@pytest.mark.parametrize("in_table", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("on_disk", [COMPOSED, DECOMPOSED])
def test_ids_and_stems_agree_in_either_unicode_form(in_table: str, on_disk: str, tmp_path: Path) -> None:
    (tmp_path / f"{on_disk}.jpg").write_bytes(JPEG)
    drop = read_drop(products(tmp_path, in_table))
    assert read_all(drop) == 1
    assert [(item.item_id, item.title) for item in drop.rows["items"]] == [(COMPOSED, f"Shirt {COMPOSED}")]


def test_member_names_in_utf8_that_is_not_declared_are_read(tmp_path: Path) -> None:
    """As the Finder of macOS packs them."""
    content = zipped({f"{DECOMPOSED}.jpg": JPEG})
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(mark) + flags
        content = content[:at] + b"\0\0" + content[at + 2 :]
    (tmp_path / "images.zip").write_bytes(content)
    assert read_all(read_drop(products(tmp_path, COMPOSED))) == 1


def test_a_table_may_name_a_zip_as_a_folder_and_the_exact_name_comes_first(tmp_path: Path) -> None:
    (tmp_path / "street.zip").write_bytes(zipped({"1.jpg": JPEG, "2.jpg": b"in the zip"}))
    (tmp_path / "street").mkdir()
    (tmp_path / "street" / "2.jpg").write_bytes(b"in the folder")
    files = Files(tmp_path)
    wanted = {"street/1.jpg": JPEG, "street/2.jpg": b"in the folder", "street.zip/2.jpg": b"in the zip"}
    for name, data in wanted.items():
        file = files.find(PurePosixPath(name))
        assert file is not None
        assert file.read() == data
    assert files.get(PurePosixPath("street/1.jpg")) is None, "a layout's own files are where they are"
