"""Collecting removes what no kept release needs, and breaks none that can be reached."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from release_world import DIMENSION, go_live, make_index, root_of, stage_release

from atelier.index.query import IndexReader
from atelier.index.store import connect
from atelier.release.blobs import Blobs
from atelier.release.retention import Collected, collect
from atelier.release.store import damaged_files, list_releases, live, live_id, promote, publishing, rollback
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, keep_releases=2)


def tables(settings: Settings) -> set[str]:
    return set(connect(settings).list_tables().tables)


def test_old_releases_go_with_their_indexes_and_embeddings(settings: Settings) -> None:
    oldest, old, newer, newest = (go_live(settings, model) for model in ("one", "two", "three", "four"))
    collected = collect(settings)
    assert set(collected.releases) == {oldest.release_id, old.release_id}
    assert len(collected.tables) == 4
    assert {release.release_id for release in list_releases(settings)} == {
        newer.release_id,
        newest.release_id,
    }
    assert not root_of(settings, old).exists()
    assert tables(settings) == {
        newer.index.table,
        newest.index.table,
        f"pictures-{newer.index.contract_digest[:16]}",
        f"pictures-{newest.index.contract_digest[:16]}",
    }
    assert collect(settings) == Collected((), (), ())


def test_every_release_that_is_left_can_go_live(settings: Settings) -> None:
    for model in ("one", "two", "three", "four", "five"):
        go_live(settings, model)
    collect(settings)
    for release in list_releases(settings):
        promote(settings, release.release_id)
        assert len(IndexReader.open(settings, live(settings).index).search(np.ones(DIMENSION), 3)) == 3


def test_the_live_release_and_the_one_before_it_are_kept_however_old(settings: Settings) -> None:
    first, second, third, fourth, fifth = (go_live(settings, model) for model in ("1", "2", "3", "4", "5"))
    rollback(settings, to=second.release_id)
    collected = collect(settings)
    assert collected.releases == (third.release_id,)
    assert live_id(settings) == second.release_id
    assert rollback(settings) == first
    assert {r.release_id for r in list_releases(settings)} == {
        each.release_id for each in (first, second, fourth, fifth)
    }


def test_releases_that_share_an_index_model_keep_its_embeddings(settings: Settings) -> None:
    go_live(settings, "one", num_items=8)
    go_live(settings, "one", num_items=9)
    newest = go_live(settings, "one", num_items=10)
    collect(settings)
    assert f"pictures-{newest.index.contract_digest[:16]}" in tables(settings)


def test_what_killed_processes_left_is_removed(settings: Settings) -> None:
    release = go_live(settings, "one")
    half = settings.releases_dir / ".staging-dead"
    half.mkdir()
    (half / "student.onnx").write_bytes(b"half")
    make_index(settings, "never released")
    (settings.home / "indexes" / "catalogue-feedfeedfeedfeed.lance" / "data").mkdir(parents=True)
    collected = collect(settings)
    assert (collected.releases, collected.leftovers) == ((), (".staging-dead",))
    assert "catalogue-feedfeedfeedfeed" in collected.tables
    assert tables(settings) == {release.index.table, f"pictures-{release.index.contract_digest[:16]}"}


def blob_names(settings: Settings) -> set[str]:
    return {path.name for path in (settings.releases_dir / "blobs").iterdir()}


def test_a_blob_goes_with_the_last_kept_release_that_names_it(settings: Settings) -> None:
    go_live(settings, "one", num_items=8)
    go_live(settings, "two")
    shares_with_the_first = go_live(settings, "one", num_items=9)
    newest = go_live(settings, "three")
    collected = collect(settings)
    kept = {*shares_with_the_first.files.values(), *newest.files.values()}
    assert (len(collected.releases), collected.num_blobs) == (2, 2)
    assert blob_names(settings) == kept
    for release in (shares_with_the_first, newest):
        assert damaged_files(settings, release) == []


def test_a_staged_release_that_is_not_live_keeps_its_blobs(settings: Settings) -> None:
    go_live(settings, "one")
    staged = stage_release(settings, "two")
    assert collect(settings).num_blobs == 0
    assert promote(settings, staged.release_id) == staged


def test_spare_and_half_blobs_of_killed_processes_are_removed(settings: Settings) -> None:
    release = go_live(settings, "one")
    folder = settings.releases_dir / "blobs"
    (folder / ".staging-abc").write_bytes(b"half")
    (folder / ("0" * 64)).write_bytes(b"nobody's")
    collected = collect(settings)
    assert (collected.leftovers, collected.num_blobs) == ((".staging-abc",), 1)
    assert blob_names(settings) == set(release.files.values())


def test_nothing_is_collected_while_a_release_is_being_staged(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: its blobs are there, and no manifest names them yet."""
    go_live(settings, "one")
    make_index(settings, "two")
    link, collector = Blobs.link, threading.Thread(target=collect, args=(settings,))

    def link_late(blobs: Blobs, sha256: str, target: Path) -> None:
        if not collector.is_alive():
            collector.start()
        collector.join(0.2)
        assert collector.is_alive(), "it waits for its turn"
        link(blobs, sha256, target)

    monkeypatch.setattr(Blobs, "link", link_late)
    staged = stage_release(settings, "two")
    collector.join(30)
    assert damaged_files(settings, staged) == []


def test_other_tables_in_the_same_database_are_left_alone(settings: Settings) -> None:
    go_live(settings, "one")
    connect(settings).create_table("somebody_elses", [{"x": 1}])
    collect(settings)
    assert "somebody_elses" in tables(settings)


def test_collecting_waits_for_whoever_publishes(settings: Settings) -> None:
    go_live(settings, "one")
    done = threading.Event()

    def collect_in_background() -> None:
        collect(settings)
        done.set()

    with publishing(settings):
        thread = threading.Thread(target=collect_in_background)
        thread.start()
        assert not done.wait(0.3)
    thread.join(30)
    assert done.is_set()


def test_a_reader_answers_while_releases_come_and_go(settings: Settings) -> None:
    """A server's threads ask and re-open what is live, while publications and collections pass by."""
    go_live(settings, "start")
    stop, failures, num_answers = threading.Event(), [], 0

    def ask() -> None:
        nonlocal num_answers
        while not stop.is_set():
            try:
                release = live(settings)
                reader = IndexReader.open(settings, release.index)
                assert len(reader.search(np.ones(DIMENSION), 3)) == 3
                assert reader.thumbnail("item-0")
                num_answers += 1
            except Exception as error:  # whatever it is, no reader may see it
                failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for number in range(4):
        go_live(settings, f"model {number}")
        collect(settings)
    stop.set()
    thread.join(30)
    assert failures == []
    assert num_answers > 0
