"""Versions end to end, with real DVC in a small home; processes are really killed, bytes really flipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from versioning_home import ITEMS, Home, a_home, killed_at

from atelier.errors import VersionError
from atelier.jobs.data.versions import list_versions
from atelier.settings import Settings
from atelier.versioning.restore import verify
from atelier.versioning.snapshot import snapshot
from atelier.versioning.version import versions
from atelier.versioning.workspace import current


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return a_home(tmp_path / "home")


def test_the_digest_depends_on_names_and_bytes_alone(tmp_path: Path) -> None:
    one, other = a_home(tmp_path / "one"), a_home(tmp_path / "other")
    os.utime(other.settings.data_dir / ITEMS, (1, 1))
    assert one.snapshot("monday").digest == other.snapshot("tuesday").digest
    other.write({ITEMS: b"2 items"})
    assert other.snapshot().digest != one.snapshot().digest


def test_a_version_says_what_it_holds_and_where_it_comes_from(home: Home) -> None:
    first = home.snapshot("monday")
    home.write({"tables/photos.parquet": b"one photo"})
    second = snapshot(home.settings, "tuesday", {"items": 2, "photos": 1}, {"Tshirts": 1, "Watches": 1})
    assert (first.parent, second.parent) == (None, first.digest)
    assert (second.drop, second.num_files, second.num_bytes) == ("tuesday", 3, 9 + 50_000 + 9)
    assert second.counts == {"items": 2, "photos": 1}
    assert second.category_shares == {"Tshirts": 1, "Watches": 1}
    assert versions(home.settings) == [first, second] == list_versions(home.settings)
    assert current(home.settings) == second
    assert home.settings.data_pointer_path.read_text() == second.pointer


def test_the_same_content_again_is_the_version_recorded_first(home: Home) -> None:
    first = home.snapshot("monday")
    assert home.snapshot("tuesday") == first
    assert versions(home.settings) == [first]


def test_data_dvc_is_one_that_dvc_itself_understands(home: Home) -> None:
    from dvc.repo import Repo

    home.snapshot()
    with Repo(str(home.settings.home)) as repo:
        assert repo.status() == {}
        home.write({ITEMS: b"three items"})
        assert repo.status() != {}
        assert not repo.config["core"]["analytics"]
        assert not repo.config["core"]["check_update"]


def test_a_small_addition_adds_few_bytes_to_the_remote(home: Home) -> None:
    home.write({f"pictures/{n}.tar": os.urandom(100_000) for n in range(10)})
    home.snapshot()
    before = sum(path.stat().st_size for path in Path(home.settings.remote_url).rglob("*") if path.is_file())
    home.write({"pictures/new.tar": os.urandom(1_000), ITEMS: b"three items"})
    home.snapshot()
    after = sum(path.stat().st_size for path in Path(home.settings.remote_url).rglob("*") if path.is_file())
    assert after - before < 5_000


def test_without_data_there_is_nothing_to_make_a_version_of(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="holds no files"):
        Home(Settings(home=tmp_path)).snapshot()


def test_a_snapshot_killed_anywhere_is_finished_by_the_next(home: Home) -> None:
    home.snapshot()
    home.write({ITEMS: b"other items"})
    num_writes = killed_at(home.snapshot, home.settings.home, None)
    parent = home.snapshot()
    for number, at_write in enumerate(range(0, num_writes, -(-num_writes // 8))):
        home.write({ITEMS: f"items of attempt {number}".encode()})
        killed_at(home.snapshot, home.settings.home, at_write)
        pointed = current(home.settings)
        finished = home.snapshot()
        assert pointed in (parent, finished)
        assert finished.parent == parent.digest
        assert verify(home.settings, finished) == 3
        parent = finished
