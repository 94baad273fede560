"""DVC's repository at home: configured once, one setting away from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from versioning_home import ITEMS, Home, a_home

from atelier.settings import Settings
from atelier.versioning.repository import ensure_repo
from atelier.versioning.restore import verify


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return a_home(tmp_path / "home")


def test_the_cache_shares_no_file_with_the_data(home: Home) -> None:
    version = home.snapshot()
    with (home.settings.data_dir / ITEMS).open("r+b") as file:
        file.write(b"XXX")
    assert verify(home.settings, version) == 3


def test_a_remote_elsewhere_is_one_setting_away(tmp_path: Path) -> None:
    home = a_home(tmp_path / "home", data_remote=str(tmp_path / "disk"))
    version = home.snapshot()
    assert len(home.objects("remote")) == 2
    assert not (home.settings.stores_dir / "dvc").exists()
    moved = Home(replace_settings(home.settings, data_remote=str(tmp_path / "other disk")))
    assert moved.snapshot() == version
    verify(moved.settings, version)


def replace_settings(settings: Settings, **changes: Any) -> Settings:
    return Settings(**{**settings.model_dump(), **changes})


def test_a_repository_in_a_home_without_git_writes_no_gitignore(home: Home) -> None:
    ensure_repo(home.settings)
    home.snapshot()
    assert {path.name for path in home.settings.home.iterdir()} == {".dvc", "data", "data.dvc", "stores"}
    assert not list(home.settings.home.rglob(".gitignore"))
