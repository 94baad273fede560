"""Which folders a daily run takes for drops."""

from __future__ import annotations

from pathlib import Path

from atelier.settings import Settings
from flows.ingest_drop import _incoming


def test_drops_are_taken_in_order_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert _incoming(settings, None) == []
    for name in ("monday", "autumn", ".making-x"):
        (settings.drops_dir / name).mkdir(parents=True)
    (settings.drops_dir / "notes.txt").write_text("no drop")
    assert [path.name for path in _incoming(settings, None)] == ["autumn", "monday"]
    assert _incoming(settings, tmp_path / "other") == [tmp_path / "other"]
