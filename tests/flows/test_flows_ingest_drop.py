"""Which folders a daily run takes for drops."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ingest_world import small_world

import flows.ingest_drop as module
from atelier.datasets.catalogue import Catalogue
from atelier.errors import DropError
from atelier.jobs.data.ingest import IngestReport, ingest
from atelier.settings import Settings
from flows.ingest_drop import FailedDrop, _incoming, ingest_drop


def test_drops_are_taken_in_order_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert _incoming(settings) == []
    for name in ("monday", "autumn", ".making-x"):
        (settings.drops_dir / name).mkdir(parents=True)
    (settings.drops_dir / "notes.txt").write_text("no drop")
    assert [path.name for path in _incoming(settings)] == ["autumn", "monday"]


def half_uploaded(folder: Path) -> None:
    folder.mkdir()
    (folder / "drop.json").write_text('{"layout": "atelier-dr')


def test_each_drop_is_taken_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=tmp_path)
    monkeypatch.setattr(module, "Settings", lambda: settings)
    monkeypatch.setattr(module, "ingest_step", ingest)  # the job itself, without a Prefect server
    settings.drops_dir.mkdir()
    half_uploaded(settings.drops_dir / "2-half")
    (settings.drops_dir / "1-empty").mkdir()
    (settings.drops_dir / "lost+found").mkdir()
    small_world(6).write(settings.drops_dir, "3-good")
    taken = ingest_drop.fn()
    assert [type(each) for each in taken] == [FailedDrop, FailedDrop, IngestReport, FailedDrop]
    assert [each.drop for each in taken] == ["1-empty", "2-half", "3-good", "lost+found"]
    assert Catalogue.open(settings.data_dir).table("items").num_rows == 6
    assert "1-empty was not taken in: " in caplog.text

    shutil.rmtree(settings.drops_dir / "2-half")
    small_world(6, first=6).write(settings.drops_dir, "2-half")  # the upload is complete
    again = ingest_drop.fn()
    assert [each.drop for each in again if isinstance(each, FailedDrop)] == ["1-empty", "lost+found"]
    assert Catalogue.open(settings.data_dir).table("items").num_rows == 12


def test_a_drop_that_is_named_is_asked_for_and_fails_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Settings", lambda: Settings(home=tmp_path / "home"))
    monkeypatch.setattr(module, "ingest_step", ingest)
    with pytest.raises(DropError):
        ingest_drop.fn(tmp_path)
