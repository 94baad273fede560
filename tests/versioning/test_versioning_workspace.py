"""One folder takes another's place in one step, whoever is killed on the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from versioning_home import ITEMS, Home, a_home

from atelier.errors import VersionError
from atelier.versioning import workspace
from atelier.versioning.version import DataVersion, pointed_digest, write_at_once
from atelier.versioning.workspace import (
    current,
    finish_replacing,
    incoming_dir,
    replace_data,
    to_ourselves,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return a_home(tmp_path / "home")


def _prepared(home: Home) -> tuple[DataVersion, dict[str, bytes]]:
    """An older version whose content lies complete where it is put together; the data are newer."""
    older = home.snapshot("older")
    content = home.content()
    shutil.copytree(home.settings.data_dir, incoming_dir(home.settings))
    home.write({ITEMS: b"three items"})
    home.snapshot("newer")
    return older, content


def test_the_data_and_the_pointer_change_together_and_nothing_is_left_over(home: Home) -> None:
    older, content = _prepared(home)
    replace_data(home.settings, older)
    assert home.content() == content
    assert current(home.settings) == older
    assert {path.name for path in home.settings.stores_dir.iterdir()} == {"dvc", "versions", "versions.lock"}


@pytest.mark.parametrize("step", ["planned", "old one moved away", "new one in place", "pointer written"])
def test_a_replacing_that_was_killed_is_finished_by_who_asks_next(home: Home, step: str) -> None:
    older, content = _prepared(home)
    settings = home.settings
    steps = ["planned", "old one moved away", "new one in place", "pointer written"]
    write_at_once(settings.stores_dir / "restoring.plan", older.digest)
    if steps.index(step) >= 1:
        settings.data_dir.rename(settings.stores_dir / "replaced")
    if steps.index(step) >= 2:
        incoming_dir(settings).rename(settings.data_dir)
    if steps.index(step) >= 3:
        write_at_once(settings.data_pointer_path, older.pointer)
    assert current(settings) == older
    assert home.content() == content
    assert not (settings.stores_dir / "replaced").exists()
    assert not (settings.stores_dir / "restoring.plan").exists()


def test_without_a_plan_nothing_is_replaced(home: Home) -> None:
    newest = home.snapshot()
    incoming_dir(home.settings).mkdir(parents=True)
    finish_replacing(home.settings)
    assert current(home.settings) == newest
    assert incoming_dir(home.settings).exists()


def test_a_home_without_a_version_has_no_current_one(tmp_path: Path) -> None:
    home = a_home(tmp_path / "home")
    assert current(home.settings) is None
    assert pointed_digest(home.settings) is None


def test_a_version_lock_that_is_held_too_long_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "LOCK_TIMEOUT_SECONDS", 0.05)
    path = home.settings.stores_dir / "versions.lock"
    path.parent.mkdir(parents=True)
    with FileLock(path), pytest.raises(VersionError, match=r"versions\.lock for 0\.05 s"):  # noqa: SIM117
        with to_ourselves(home.settings):
            pass
    with to_ourselves(home.settings):
        assert path.exists()
