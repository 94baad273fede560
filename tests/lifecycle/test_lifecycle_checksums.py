"""Folders that travel: whatever changes on the way is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from atelier.errors import DigestError
from atelier.lifecycle.checksums import check, digest_of, write_checksums


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished folder of two files."""
    (tmp_path / "made" / "deep").mkdir(parents=True)
    (tmp_path / "made" / "a.txt").write_text("a")
    (tmp_path / "made" / "deep" / "b.txt").write_text("b")
    write_checksums(tmp_path / "made")
    return tmp_path / "made"


def test_the_list_holds_every_file_and_its_own_digest_stands_for_all(folder: Path) -> None:
    listed = json.loads((folder / "files.json").read_text())
    assert listed == {
        "a.txt": hashlib.sha256(b"a").hexdigest(),
        "deep/b.txt": hashlib.sha256(b"b").hexdigest(),
    }
    digest = hashlib.sha256((folder / "files.json").read_bytes()).hexdigest()
    assert digest_of(folder) == digest == check(folder) == check(folder, digest.upper())
    assert write_checksums(folder) == digest, "the list does not list itself"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "a.txt").write_text("A"), r"a\.txt is not the file that was made"),
        (lambda folder: (folder / "a.txt").unlink(), r"a\.txt is missing"),
        (lambda folder: (folder / "deep" / "c.txt").write_text(""), r"deep/c\.txt was added"),
        (lambda folder: (folder / "link").symlink_to(folder / "a.txt"), "link is a link"),
        (lambda folder: (folder / "gone").symlink_to(folder / "nothing"), "gone is a link"),
        (lambda folder: (folder / "files.json").unlink(), r"has no files\.json"),
    ],
    ids=["changed", "missing", "added", "link", "link to nothing", "no list"],
)
def test_any_change_is_named(folder: Path, change: Callable[[Path], object], message: str) -> None:
    change(folder)
    with pytest.raises(DigestError, match=message):
        check(folder)


def test_another_folders_digest_is_refused_before_any_file_is_read(folder: Path) -> None:
    (folder / "a.txt").write_text("changed, too")
    with pytest.raises(DigestError, match=r"expected the digest 0{64}, found [0-9a-f]{64}"):
        check(folder, "0" * 64)
