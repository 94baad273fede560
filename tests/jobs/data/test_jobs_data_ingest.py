"""Ingest: a drop becomes a version once, changes replace rows, and a kill leaves the old state or the new."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ingest_world import World, small_world

from atelier.datasets.catalogue import Catalogue
from atelier.errors import ContractError, DropError
from atelier.jobs.data.ingest import IngestReport, ingest
from atelier.settings import Settings
from atelier.versioning.workspace import current
from atelier.vocabulary import TABLES

NUM_ITEMS = 100
SIZE = (320, 240)


def accept(settings: Settings, drop_dir: Path) -> IngestReport:
    return ingest(settings, drop_dir, progress=False)


def rows_of(settings: Settings) -> dict[str, list[object]]:
    catalogue = Catalogue.open(settings.data_dir)
    return {name: catalogue.rows(name) for name in TABLES}


def quarantine_of(settings: Settings, table: str) -> list[dict[str, str]]:
    path = settings.quarantine_dir / f"{table}.parquet"
    return pq.read_table(path).to_pylist() if path.exists() else []


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path, IngestReport]:
    """A home with one drop of 100 items accepted; tests that go on from it take a copy."""
    folder = tmp_path_factory.mktemp("base")
    drop_dir = small_world(NUM_ITEMS, size=SIZE).write(folder, "monday")
    settings = Settings(home=folder / "home")
    return settings, drop_dir, accept(settings, drop_dir)


@pytest.fixture
def home(base: tuple[Settings, Path, IngestReport], tmp_path: Path) -> Settings:
    shutil.copytree(base[0].home, tmp_path / "home")
    return Settings(home=tmp_path / "home")


def test_a_drop_becomes_the_tables_and_pictures_of_a_version(
    base: tuple[Settings, Path, IngestReport],
) -> None:
    settings, _, report = base
    assert report.changed
    assert (report.drop, report.layouts, report.quarantined) == ("monday", ("atelier-drop",), {})
    assert report.added == {
        "items": 100,
        "photos": 102,
        "regions": 1,
        "outfits": 1,
        "category_sets": 0,
        "clicks": 1,
    }
    version = current(settings)
    assert version is not None
    assert version.digest == report.data_version
    assert version.counts == report.added
    assert version.category_shares == {"Shirts": 34, "Hats": 33, "Watches": 33}
    catalogue = Catalogue.open(settings.data_dir)
    assert {item.split for item in catalogue.items()} <= {"train", "validation", "test"}
    sides = {item.item_id: item.split for item in catalogue.items()}
    for photo in catalogue.photos():
        assert len(catalogue.read(photo)) == photo.num_bytes
        assert photo.item_id is None or photo.split == sides[photo.item_id]
    assert report.report_path is not None
    assert Path(report.report_path).exists()


def test_the_same_drop_again_changes_nothing(base: tuple[Settings, Path, IngestReport]) -> None:
    settings, drop_dir, first = base
    modified = {path: path.stat().st_mtime_ns for path in settings.data_dir.rglob("*")}
    again = accept(settings, drop_dir)
    assert not again.changed
    assert again.data_version == first.data_version
    assert again.unchanged == first.added
    assert sum(again.added.values()) + sum(again.updated.values()) == 0
    assert {path: path.stat().st_mtime_ns for path in settings.data_dir.rglob("*")} == modified


def test_the_same_content_gives_the_same_digest_in_another_home(
    base: tuple[Settings, Path, IngestReport], tmp_path: Path
) -> None:
    zipped_dir = shutil.copytree(base[1], tmp_path / "elsewhere")
    elsewhere = accept(Settings(home=tmp_path / "home"), zipped_dir)
    assert elsewhere.data_version == base[2].data_version


def test_one_percent_more_items_add_at_most_five_percent_of_the_bytes(home: Settings, tmp_path: Path) -> None:
    before = contents(home.data_dir)
    report = accept(home, small_world(2, first=NUM_ITEMS, size=SIZE).write(tmp_path, "tuesday"))
    assert report.changed
    assert report.added["items"] == 2
    after = contents(home.data_dir)
    new = sum(size for digest, size in after.items() if digest not in before)
    assert new < 0.05 * sum(before.values()) * 2, "two items of a hundred are 2 %"
    assert len(rows_of(home)["items"]) == NUM_ITEMS + 2


def contents(folder: Path) -> dict[str, int]:
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return {hashlib.sha256(data).hexdigest(): len(data) for data in files}


def test_a_changed_row_takes_the_place_of_the_old_one_and_an_older_drop_does_not_undo_it(
    home: Settings, base: tuple[Settings, Path, IngestReport], tmp_path: Path
) -> None:
    before = rows_of(home)
    world = World()
    world.add("items", item_id="i7", title="Thing 7", category="Hats", price=3)
    report = accept(home, world.write(tmp_path, "cheaper"))
    assert report.updated["items"] == 1
    assert sum(report.added.values()) == 0
    after = rows_of(home)
    ((old, new),) = [(a, b) for a, b in zip(before["items"], after["items"], strict=True) if a != b]
    assert (old.price, new.price, new.split) == (8.5, 3.0, old.split)  # type: ignore[attr-defined]
    assert {name: after[name] for name in TABLES if name != "items"} == {
        name: before[name] for name in TABLES if name != "items"
    }
    assert not accept(home, base[1]).changed
    assert rows_of(home) == after


def test_bad_rows_wait_in_quarantine_until_the_drop_is_mended(home: Settings, tmp_path: Path) -> None:
    lenient = Settings(home=home.home, max_bad_share=1.0)
    world = small_world(3, first=NUM_ITEMS)
    world.tables["items"][0]["rating"] = 99
    world.pictures["pictures/p101"] = b"no picture"
    report = accept(lenient, world.write(tmp_path / "1", "wednesday"))
    assert report.quarantined == {"items": 1, "photos": 2, "outfits": 1, "clicks": 1}
    assert {row["photo_id"] for row in quarantine_of(home, "photos")} == {"p100", "p101"}
    assert "rating" in quarantine_of(home, "items")[0]["reason"]
    known = {row.item_id for row in Catalogue.open(home.data_dir).items()}
    assert {"i101", "i102"} < known
    assert "i100" not in known
    mended = accept(lenient, small_world(3, first=NUM_ITEMS).write(tmp_path / "2", "wednesday"))
    assert (mended.added["items"], mended.added["photos"], mended.quarantined) == (1, 2, {})
    assert quarantine_of(home, "items") == quarantine_of(home, "photos") == []


def test_rows_that_waited_for_what_they_refer_to_come_in_once_it_is_there(
    home: Settings, tmp_path: Path
) -> None:
    lenient = Settings(home=home.home, max_bad_share=1.0)
    whole = small_world(2, first=500)
    early, late = World({"photos": whole.tables["photos"]}, whole.pictures), World()
    late.tables["items"] = whole.tables["items"]
    early_dir = early.write(tmp_path, "early")
    assert accept(lenient, early_dir).quarantined == {"photos": 2}
    accept(lenient, late.write(tmp_path, "late"))
    report = accept(lenient, early_dir)
    assert (report.added["photos"], report.quarantined) == (2, {})


def test_too_much_that_is_bad_stops_the_drop_and_nothing_changes(home: Settings, tmp_path: Path) -> None:
    before = rows_of(home)
    world = small_world(10, first=NUM_ITEMS)
    for n in range(100, 105):
        world.pictures[f"pictures/p{n}"] = b"broken"
    with pytest.raises(ContractError, match="photos: 5 of 12"):
        accept(home, world.write(tmp_path, "bad"))
    assert rows_of(home) == before
    assert len(quarantine_of(home, "photos")) == 5
    assert not (home.data_dir / ".incoming").exists()


def test_a_drop_of_which_nothing_can_be_read_is_an_error_with_its_rows_in_quarantine(
    home: Settings, tmp_path: Path
) -> None:
    world = World()
    world.add("items", item_id="x", title="y", category="z", year="soon")
    with pytest.raises(DropError, match="none of its 1 rows"):
        accept(home, world.write(tmp_path, "unreadable"))
    assert [row["item_id"] for row in quarantine_of(home, "items")] == ["x"]


def test_an_id_of_another_source_is_refused_not_overwritten(home: Settings, tmp_path: Path) -> None:
    lenient = Settings(home=home.home, max_bad_share=1.0)
    (tmp_path / "fpi").mkdir()
    (tmp_path / "fpi" / "styles.csv").write_text(
        "id,gender,masterCategory,subCategory,articleType,productDisplayName\n"
        "i1,Men,Apparel,Topwear,Shirts,Shirt\nfresh,Men,Apparel,Topwear,Shirts,Shirt\n"
    )
    before = {row.item_id: row for row in Catalogue.open(home.data_dir).items()}
    report = accept(lenient, tmp_path / "fpi")
    assert report.added["items"] == 1
    after = {row.item_id: row for row in Catalogue.open(home.data_dir).items()}
    assert after["i1"] == before["i1"]
    assert ["belongs to atelier-drop" in row["reason"] for row in quarantine_of(home, "items")] == [True]


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_the_old_state_or_the_new_and_goes_on(
    home: Settings, tmp_path: Path
) -> None:
    """SIGKILL before one of the changes to the disk, at five of them, spread from the first to the last."""
    drop_dir = small_world(2, first=NUM_ITEMS).write(tmp_path, "tuesday")
    old = rows_of(home)

    def run_and_die(where: Path, fatal: int) -> int:
        return in_a_fork(lambda: accept(Settings(home=where), drop_dir), where, fatal)

    shutil.copytree(home.home, tmp_path / "whole")
    num_changes = run_and_die(tmp_path / "whole", fatal=-1)
    whole = Settings(home=tmp_path / "whole")
    digest, new = current(whole), rows_of(whole)
    assert digest is not None
    assert num_changes > 20
    for fatal in range(0, num_changes, num_changes // 4):
        killed = Settings(home=tmp_path / str(fatal))
        shutil.copytree(home.home, killed.home)
        assert run_and_die(killed.home, fatal) == -signal.SIGKILL
        left = rows_of(killed)
        assert left in (old, new)
        catalogue = Catalogue.open(killed.data_dir)
        for photo in catalogue.photos():
            catalogue.read(photo)
        assert accept(killed, drop_dir).data_version == digest.digest
        assert rows_of(killed) == new
        assert not (killed.data_dir / ".incoming").exists()


CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}


def in_a_fork(work: Callable[[], object], home: Path, fatal: int) -> int:
    """Work in a forked child that kills itself before its change number `fatal` beneath `home`.

    Returns the number of changes it made, or minus the signal that ended it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        changes = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal changes
            writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wa")
            if (writes or event in CHANGES) and str(arguments[0]).startswith(str(home)):
                if changes == fatal:
                    os.kill(os.getpid(), signal.SIGKILL)
                changes += 1

        sys.addaudithook(count)
        try:
            work()
            os.write(writer, str(changes).encode())
        finally:
            os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    return int(told) if told else os.waitstatus_to_exitcode(status)
