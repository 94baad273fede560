"""DVC in homes with names that its configuration, its formats or its cache would misread; and moved."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from atelier.settings import Settings
from atelier.versioning.restore import restore, verify
from atelier.versioning.snapshot import snapshot

NAMES = ["c#sharp", "a,b", "x%(x)s", "x{home}", "d$HOME", 'müller/it\'s "x" [1]', "trailing "]


def accepted(settings: Settings) -> str:
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / "a.txt").write_text("content")
    return snapshot(settings, "drop", {}, {}).digest


@pytest.mark.parametrize("name", NAMES)
def test_everything_lies_beneath_home_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    settings = Settings(home=tmp_path / name)
    digest = accepted(settings)
    assert [path.name for path in tmp_path.iterdir()] == [Path(name).parts[0]]
    assert any(path.is_file() for path in (settings.home / "stores" / "dvc").rglob("*"))
    assert verify(settings, restore(settings, digest)) == 2
    shutil.rmtree(settings.data_dir)
    shutil.rmtree(settings.home / ".dvc" / "cache")
    restore(settings, digest)
    assert (settings.data_dir / "a.txt").read_text() == "content"


@pytest.mark.parametrize("name", ["other #1, x", "{y}", 'it\'s "z"', "ü"])
def test_a_remote_may_have_any_name_too(tmp_path: Path, name: str) -> None:
    settings = Settings(home=tmp_path / "home", data_remote=str(tmp_path / name))
    digest = accepted(settings)
    assert {path.name for path in tmp_path.iterdir()} == {"home", name}
    shutil.rmtree(settings.home / ".dvc" / "cache")
    restore(settings, digest)
    listed = subprocess.run(
        [Path(sys.executable).parent / "dvc", "remote", "list"],
        cwd=settings.home,
        env={**os.environ, "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path / name) in listed.stdout, "DVC's own commands see the same remote"


def test_a_moved_home_keeps_its_versions(tmp_path: Path) -> None:
    old = Settings(home=tmp_path / "old")
    digest = accepted(old)
    old.home.rename(tmp_path / "new #1")
    new = Settings(home=tmp_path / "new #1")
    shutil.rmtree(new.home / ".dvc" / "cache")
    assert verify(new, restore(new, digest)) == 2
    assert not old.home.exists()
