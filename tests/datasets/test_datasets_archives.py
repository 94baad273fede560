"""Zips of any origin: odd names are read, dangerous ones passed over with a reason."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from atelier.datasets.archives import ENCRYPTED, PassedOver, members, nested_archive, open_archive
from atelier.errors import DropError


def zip_of(*names: str | zipfile.ZipInfo, content: bytes = b"x") -> zipfile.ZipFile:
    """A zip in memory with these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return zipfile.ZipFile(stream)


def only(archive: zipfile.ZipFile) -> tuple[str, str | None]:
    """The path of the one member, and why it is passed over."""
    ((path, member),) = members(archive)
    return str(path), member.reason if isinstance(member, PassedOver) else None


def test_files_are_named_by_their_paths_and_folders_left_out() -> None:
    found = dict(members(zip_of("a.jpg", "deep/", "deep/b.jpg")))
    assert list(found) == [PurePosixPath("a.jpg"), PurePosixPath("deep/b.jpg")]
    assert all(isinstance(member, zipfile.ZipInfo) for member in found.values())


def test_backslashes_of_old_windows_tools_stand_between_folders() -> None:
    assert only(zip_of("deep\\b.jpg")) == ("deep/b.jpg", None)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("café.jpg".encode(), "café.jpg"),
        (b"caf\x82.jpg", "café.jpg"),
    ],
    ids=["UTF-8 that does not say so", "the old code page"],
)
def test_names_that_do_not_tell_their_encoding_are_read(stored: bytes, read: str) -> None:
    name = zipfile.ZipInfo("plain")
    archive = zip_of(name)
    archive.infolist()[0].filename = stored.decode("cp437")
    assert only(archive) == (read, None)


@pytest.mark.parametrize(
    "name", ["../out.jpg", "deep/../../out.jpg", "/etc/out.jpg", "C:/out.jpg", "..\\out.jpg"]
)
def test_a_name_that_leads_out_of_the_zip_is_passed_over_under_one_that_does_not(name: str) -> None:
    path, reason = only(zip_of(name))
    assert path == "out.jpg"
    assert reason is not None
    assert reason.startswith("its name leads out of the zip")


def test_a_link_is_passed_over() -> None:
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert only(zip_of(link, content=b"/etc/passwd")) == (
        "link.jpg",
        "it is a link; pack the file that it leads to",
    )


def test_a_file_that_is_no_zip_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(DropError, match=r"a\.zip is not a zip file we can read .* Copy it again"):
        open_archive(tmp_path / "a.zip")
    with pytest.raises(DropError, match=r"none\.zip is not a zip file"):
        open_archive(tmp_path / "none.zip")


def nested(inner: bytes, depth: int = 0, max_bytes: int = 10_000, flags: int = 0) -> object:
    archive = zip_of("inner.zip", content=inner)
    member = archive.infolist()[0]
    member.flag_bits |= flags
    opened = nested_archive(archive, member, depth, max_bytes)
    return opened.reason if isinstance(opened, PassedOver) else opened.namelist()


def zip_bytes(*names: str) -> bytes:
    stream = zip_of(*names).fp
    assert isinstance(stream, io.BytesIO)
    return stream.getvalue()


def test_a_zip_within_a_zip_is_opened_as_far_as_it_is_bearable() -> None:
    inner = zip_bytes("a.jpg")
    assert nested(inner) == nested(inner, depth=2) == nested(inner, max_bytes=len(inner)) == ["a.jpg"]
    assert nested(inner, depth=3) == "it lies in 4 zips, one in another; unpack the outer ones"
    assert "is a zip of" in str(nested(inner, max_bytes=len(inner) - 1))
    assert "is encrypted" in str(nested(inner, flags=ENCRYPTED))
    assert "is not a zip file we can read" in str(nested(b"no zip"))
