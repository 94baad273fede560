"""A blob is whole or not there, has the digest that it is named by, and tells when somebody wrote to it."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
from damage import overwrite, rot

from atelier.errors import DigestError
from atelier.release.blobs import Blob, Blobs, is_untouched


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "releases")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(b"weights" * 1_000)
    return path


def put(blobs: Blobs, source: Path) -> Blob:
    """Where nothing is damaged."""

    def mend(*_: object) -> None:
        pytest.fail("nothing is damaged")

    return blobs.put(source, mend)


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "releases" / "blobs").iterdir())


def test_a_content_is_kept_once_under_its_digest(blobs: Blobs, source: Path, tmp_path: Path) -> None:
    blob = put(blobs, source)
    assert blob.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert blob.num_bytes == 7_000
    inode = blobs.path(blob.sha256).stat().st_ino
    (tmp_path / "twin").write_bytes(source.read_bytes())
    assert put(blobs, tmp_path / "twin") == blob
    assert (names(tmp_path), blobs.path(blob.sha256).stat().st_ino) == ([blob.sha256], inode)
    assert source.stat().st_mode & 0o200, "the source stays as it was"


def test_an_empty_file_is_a_blob_too(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    blob = put(blobs, tmp_path / "empty")
    assert blob.num_bytes == 0
    assert is_untouched(blobs.path(blob.sha256), 0)


def test_a_link_is_the_blob_itself(blobs: Blobs, source: Path, tmp_path: Path) -> None:
    blob = put(blobs, source)
    blobs.link(blob.sha256, tmp_path / "link")
    assert (tmp_path / "link").samefile(blobs.path(blob.sha256))
    assert is_untouched(tmp_path / "link", blob.num_bytes)


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_no_link_can_be_made_there_is_a_copy_as_good(
    blobs: Blobs, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    blob = put(blobs, source)
    refuse_links(monkeypatch, code)
    blobs.link(blob.sha256, tmp_path / "copy")
    assert not (tmp_path / "copy").samefile(blobs.path(blob.sha256))
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert is_untouched(tmp_path / "copy", blob.num_bytes)
    rot(blobs.path(blob.sha256))
    with pytest.raises(DigestError, match=rf"{blob.sha256}: expected sha256 .* the disk spoilt it"):
        blobs.link(blob.sha256, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_another_fault_of_the_disk_is_not_hidden_by_a_copy(
    blobs: Blobs, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = put(blobs, source)
    refuse_links(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="Input/output error"):
        blobs.link(blob.sha256, tmp_path / "link")


def test_whoever_writes_to_a_file_breaks_its_seal(blobs: Blobs, source: Path, tmp_path: Path) -> None:
    blob = put(blobs, source)
    path = blobs.path(blob.sha256)
    assert is_untouched(path, blob.num_bytes)
    assert not is_untouched(path, blob.num_bytes + 1), "cut off by the disk"
    assert not is_untouched(path, None), "its size is not known"
    assert not is_untouched(tmp_path / "gone", 0)
    path.chmod(0o644)
    assert not is_untouched(path, blob.num_bytes), "somebody may be writing"
    overwrite(path, b"W" * blob.num_bytes)
    path.chmod(0o444)
    assert not is_untouched(path, blob.num_bytes), "it was written to"
    (tmp_path / "link").symlink_to(path)
    assert not is_untouched(tmp_path / "link", blob.num_bytes), "it leads elsewhere"


def test_a_damaged_blob_is_replaced_by_the_next_that_brings_its_content(blobs: Blobs, source: Path) -> None:
    blob = put(blobs, source)
    rot(blobs.path(blob.sha256))
    assert is_untouched(blobs.path(blob.sha256), blob.num_bytes), "a stat cannot tell"
    mended: list[str] = []

    def mend(sha256: str, whole_path: Path) -> None:
        assert whole_path.read_bytes() == source.read_bytes()
        assert blobs.path(sha256).read_bytes() != source.read_bytes(), "the blob comes last"
        mended.append(sha256)

    assert blobs.put(source, mend) == blob
    assert mended == [blob.sha256]
    assert blobs.path(blob.sha256).read_bytes() == source.read_bytes()
    assert put(blobs, source) == blob


def test_a_failed_write_leaves_no_blob(
    blobs: Blobs, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(blobs, source)
    assert names(tmp_path) == []


def test_only_named_blobs_are_kept(blobs: Blobs, tmp_path: Path) -> None:
    assert blobs.free_all_but([]) == 0, "there is no folder yet"
    kept: list[str] = []
    spare: list[str] = []
    for number in range(4):
        (tmp_path / str(number)).write_text(str(number))
        (kept if number % 2 else spare).append(put(blobs, tmp_path / str(number)).sha256)
    assert blobs.free_all_but(kept) == 2
    assert names(tmp_path) == sorted(kept)


def refuse_links(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refused)
