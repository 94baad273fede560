"""Versions end to end, with real DVC in a small home; processes are really killed, bytes really flipped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from atelier.errors import CorruptionError, VersionError
from atelier.jobs.data.versions import list_versions, restore_version, verify_version
from atelier.settings import Settings
from atelier.versioning.repository import ensure_repo
from atelier.versioning.restore import restore, verify
from atelier.versioning.snapshot import snapshot
from atelier.versioning.version import DataVersion, find, pointed_digest, versions
from atelier.versioning.workspace import current

ITEMS, SHARD = "tables/items.parquet", "pictures/aa.tar"


@dataclass(frozen=True)
class Home:
    settings: Settings

    def write(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            path = self.settings.data_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def content(self) -> dict[str, bytes]:
        root = self.settings.data_dir
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def snapshot(self, drop: str = "drop") -> DataVersion:
        return snapshot(self.settings, drop, {"items": 2}, {"Tshirts": 2})

    def objects(self, place: str) -> list[Path]:
        """Objects in 'cache' or 'remote' that are files of a version, the longest content last."""
        root = self.settings.home / ".dvc/cache" if place == "cache" else Path(self.settings.remote_url)
        found = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".dir"]
        return sorted(found, key=lambda path: path.stat().st_size)


def a_home(root: Path, **settings: Any) -> Home:
    home = Home(Settings(home=root, **settings))
    home.write({ITEMS: b"two items", SHARD: b"a" * 50_000})
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return a_home(tmp_path / "home")


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content if how == "flip" else path.read_bytes()[:-3])
    path.chmod(0o444)


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


def test_the_cache_shares_no_file_with_the_data(home: Home) -> None:
    version = home.snapshot()
    with (home.settings.data_dir / ITEMS).open("r+b") as file:
        file.write(b"XXX")
    assert verify(home.settings, version) == 3


def test_without_data_there_is_nothing_to_make_a_version_of(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="holds no files"):
        Home(Settings(home=tmp_path)).snapshot()


def test_an_old_version_comes_back_byte_for_byte_though_nobody_kept_its_pointer(home: Home) -> None:
    first, before = home.snapshot(), home.content()
    home.write({ITEMS: b"other items", "tables/photos.parquet": b"one photo"})
    (home.settings.data_dir / SHARD).unlink()
    home.snapshot()
    home.settings.data_pointer_path.unlink()
    assert restore_version(home.settings, first.digest[:6]) == first
    assert home.content() == before
    assert current(home.settings) == first
    assert home.snapshot() == first


def test_a_version_made_after_a_restore_descends_from_the_restored_one(home: Home) -> None:
    first = home.snapshot()
    home.write({ITEMS: b"other items"})
    home.snapshot()
    restore(home.settings, first.digest)
    home.write({ITEMS: b"third items"})
    assert home.snapshot().parent == first.digest


def test_an_unknown_or_ambiguous_version_names_those_there_are(home: Home) -> None:
    first = home.snapshot("monday")
    for prefix in ("nonsense", ""):
        with pytest.raises(VersionError, match=rf"{first} \(monday\)"):
            restore(home.settings, prefix)
    assert find(home.settings, first.digest.upper()) == first


def test_a_pointer_from_elsewhere_is_known_but_not_current(home: Home) -> None:
    version = home.snapshot()
    (home.settings.versions_dir / f"{version.digest}.json").unlink()
    assert pointed_digest(home.settings) == version.digest
    assert current(home.settings) is None
    home.settings.data_pointer_path.write_text("<<<<<<< HEAD")
    with pytest.raises(VersionError, match="names no version"):
        current(home.settings)


@pytest.mark.parametrize("how", ["flip", "truncate"])
@pytest.mark.parametrize("place", ["cache", "remote"])
def test_verify_names_the_file_and_the_object_that_are_damaged(home: Home, place: str, how: str) -> None:
    version = home.snapshot()
    assert verify_version(home.settings, version.digest[:8]) == (version, 3)
    damaged = home.objects(place)[-1]
    damage(damaged, how)
    with pytest.raises(CorruptionError, match=rf"1 damaged .*data/{SHARD} \({damaged} has the digest"):
        verify(home.settings, version)


def test_verify_misses_an_object_of_the_remote_but_not_of_the_cache(home: Home) -> None:
    version = home.snapshot()
    home.objects("cache")[0].unlink()
    verify(home.settings, version)
    home.objects("remote")[0].unlink()
    with pytest.raises(CorruptionError, match=f"{ITEMS} .* is missing"):
        verify(home.settings, version)


@pytest.mark.parametrize("how", ["flip", "truncate"])
def test_a_damaged_cache_is_mended_from_the_remote(
    home: Home, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    version, before = home.snapshot(), home.content()
    damage(home.objects("cache")[-1], how)
    restore(home.settings, version.digest)
    assert home.content() == before
    assert f"data/{SHARD} was damaged" in caplog.text
    verify(home.settings, version)


def test_a_version_without_good_bytes_is_refused_by_name_and_the_data_stay(home: Home) -> None:
    first = home.snapshot()
    home.write({ITEMS: b"other items"})
    home.snapshot()
    before = home.content()
    damage(home.objects("remote")[-1], "flip")
    damage(home.objects("cache")[-1], "truncate")
    with pytest.raises(CorruptionError, match=f"data/{SHARD}"):
        restore(home.settings, first.digest)
    assert home.content() == before


def test_a_damaged_list_of_files_is_refused_where_both_are(home: Home) -> None:
    version = home.snapshot()
    lists = [path for path in home.settings.home.rglob("*.dir") if path.is_file()]
    damage(lists[0], "flip")
    restore(home.settings, version.digest)
    damage(lists[1], "flip")
    damage(lists[0], "truncate")
    with pytest.raises(CorruptionError, match="the list of files"):
        restore(home.settings, version.digest)


def test_a_home_without_its_cache_restores_from_the_remote(home: Home) -> None:
    version, before = home.snapshot(), home.content()
    for path in home.objects("cache"):
        path.unlink()
    home.write({ITEMS: b"other items"})
    restore(home.settings, version.digest)
    assert home.content() == before


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


WRITES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.link", "os.truncate"}


def killed_at(action: Callable[[], object], root: Path, at_write: int | None) -> int:
    """Runs `action` in a child that SIGKILLs itself before its write of that number beneath `root`.

    Returns how many writes it came to; without `at_write` it is left to finish.
    """
    context = multiprocessing.get_context("fork")
    counted = context.Value("i", 0)

    def child() -> None:
        def audit(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "socket.connect":
                os._exit(1)
            if event not in WRITES or not str(arguments[0]).startswith(str(root)):
                return
            if event == "open" and not int(arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
                return
            if counted.value == at_write:
                os.kill(os.getpid(), signal.SIGKILL)
            counted.value += 1

        sys.addaudithook(audit)
        action()

    process = context.Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == (0 if at_write is None else -signal.SIGKILL)
    return int(counted.value)


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


def test_a_restore_killed_anywhere_leaves_the_old_version_or_the_new_one(home: Home) -> None:
    first, before = home.snapshot(), home.content()
    home.write({ITEMS: b"other items", "tables/photos.parquet": b"one photo"})
    second, after = home.snapshot(), home.content()
    num_writes = killed_at(lambda: restore(home.settings, first.digest), home.settings.home, None)
    for at_write in [*range(0, num_writes - 12, 5), *range(num_writes - 12, num_writes)]:
        restore(home.settings, second.digest)
        killed_at(lambda: restore(home.settings, first.digest), home.settings.home, at_write)
        version = current(home.settings)
        assert version in (first, second)
        assert home.content() == (before if version == first else after)
    restore(home.settings, first.digest)
    assert home.content() == before
