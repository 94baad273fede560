"""A file appears whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from atelier.files import require_place, write_whole


def test_a_file_is_written_replaced_and_readable_as_any_other(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    for data in (b"one", b"two"):
        write_whole(target, data)
        assert target.read_bytes() == data
    (tmp_path / "plain").write_bytes(b"")
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a.bin")
    write_whole(tmp_path / "link", b"one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a.bin").read_bytes() == b"one"


def test_what_fails_names_the_target_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:  # noqa: ARG001 - the signature of Path.replace
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(tmp_path / "a.bin", b"one")
    assert caught.value.filename == str(tmp_path / "a.bin")
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_is_no_obstacle(tmp_path: Path) -> None:
    write_whole(tmp_path / ("x" * 251 + ".png"), b"one")


def test_a_place_is_checked_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    require_place(tmp_path / "a.bin")
    with pytest.raises(IsADirectoryError):
        require_place(tmp_path)
    with pytest.raises(FileNotFoundError, match="none"):
        require_place(tmp_path / "none" / "a.bin")
    with pytest.raises(NotADirectoryError, match="file"):
        require_place(tmp_path / "file" / "a.bin")
