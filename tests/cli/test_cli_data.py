"""Drops are simulated and ingested, and accepted versions listed and verified."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_runner import printed, refusal, run

from atelier.settings import Settings
from atelier.versioning.snapshot import snapshot


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one accepted version, of one file."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    settings.data_dir.mkdir()
    (settings.data_dir / "items.parquet").write_bytes(b"twelve items")
    snapshot(settings, "monday", {"items": 12}, {})
    return settings.home


def test_an_accepted_version_is_listed_verified_and_restored(home: Path) -> None:
    (version,) = printed(home, "data", "list")
    assert (version["counts"]["items"], version["drop"]) == (12, "monday")
    assert "All 2 objects" in run(home, "data", "verify", version["digest"][:8]).stderr
    (home / "data" / "items.parquet").write_bytes(b"spoiled")
    assert run(home, "data", "restore", version["digest"]).exit_code == 0
    assert (home / "data" / "items.parquet").read_bytes() == b"twelve items"


def test_a_drop_is_simulated_for_a_trade_of_the_world(tmp_path: Path) -> None:
    made = run(tmp_path, "simulate", str(tmp_path / "drop"), "--items", "4", "--trade", "bedroom")
    assert made.exit_code == 0
    assert f"Next: atelier ingest {tmp_path / 'drop'}" in made.stderr
    assert "tailoring" in refusal(tmp_path, "simulate", str(tmp_path / "drop"), "--trade", "tailoring")


def test_an_unknown_version_is_refused(home: Path) -> None:
    assert "0 data versions begin with 'ffff'" in refusal(home, "data", "verify", "ffff")
