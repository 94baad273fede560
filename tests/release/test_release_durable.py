"""Texts are whole, and a torn line spoils no later one."""

from __future__ import annotations

import hashlib
from pathlib import Path

from atelier.release.durable import append_line, digest_of, sync_folders, write_text


def test_a_text_replaces_the_one_before_and_has_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    for text in ("longer than the next", "Füße"):
        write_text(path, text)
    assert path.read_bytes() == "Füße".encode()
    assert digest_of(path) == hashlib.sha256("Füße".encode()).hexdigest()


def test_a_line_after_a_torn_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append_line(path, "first")
    path.write_bytes(path.read_bytes() + b"\ntor")
    append_line(path, "third")
    assert path.read_text().splitlines() == ["", "first", "tor", "third"]


def test_folders_of_any_depth_are_synced(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    sync_folders(tmp_path)
    assert (tmp_path / "a" / "b").is_dir()
