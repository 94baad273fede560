"""Old versions come back byte for byte, and damage is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from versioning_home import ITEMS, SHARD, Home, a_home, damage, killed_at

from atelier.errors import CorruptionError
from atelier.jobs.data.versions import restore_version, verify_version
from atelier.versioning.restore import restore, verify
from atelier.versioning.workspace import current


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return a_home(tmp_path / "home")


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
