"""What the doctor sees of a workspace: an empty one, and one with each part broken."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from atelier.cli import app
from atelier.jobs import doctor as module
from atelier.jobs.doctor import NOTE, OK, WRONG, Finding, examine
from atelier.settings import Settings


def found(settings: Settings) -> dict[str, list[Finding]]:
    by_part: dict[str, list[Finding]] = {}
    for finding in examine(settings):
        by_part.setdefault(finding.what, []).append(finding)
    return by_part


def write_store(settings: Settings, root: str) -> None:
    """As much of MLflow's database as tells where it was made."""
    database = settings.home / "mlruns" / "mlflow.db"
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE experiments (experiment_id INTEGER, artifact_location TEXT)")
        connection.execute("INSERT INTO experiments VALUES (0, ?)", (f"{root}/0",))


def test_an_empty_workspace_is_not_wrong(tmp_path: Path) -> None:
    parts = found(Settings(home=tmp_path / "new"))
    assert set(parts) == {
        *("workspace", "data", "runs and models", "remote of the data", "live release"),
        *("templates", "rules", "fonts"),
    }
    del parts["fonts"]  # of this machine
    assert {each.status for findings in parts.values() for each in findings} == {OK, NOTE}
    assert not (tmp_path / "new").exists(), "looking makes nothing"


def test_every_broken_part_is_named_and_the_others_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, fonts=str(tmp_path / "no fonts"))
    for folder, name in ((settings.templates_dir, "half.json"), (settings.rules_dir, "half.yaml")):
        folder.mkdir()
        (folder / name).write_text("{")
    settings.data_pointer_path.write_text("not a pointer")
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_bytes(b"not a database, and long enough to see it" * 100)
    release = SimpleNamespace(
        release_id="r1",
        files={"a": hashlib.sha256(b"a").hexdigest()},
        index=SimpleNamespace(table="t", rows=3),
    )
    monkeypatch.setattr(module, "live", lambda _: release)
    monkeypatch.setattr(module, "seems_present", lambda *_: False)
    parts = found(settings)
    for part in ("data", "runs and models", "live release", "templates", "rules", "fonts"):
        assert parts[part][0].status == WRONG, part
    assert "names no version" in parts["data"][0].detail
    assert [each.detail for each in parts["live release"]] == [
        "r1: a is missing or changed; roll back or publish",
        "r1: its index t is gone; `atelier publish` builds it",
    ]
    assert parts["templates"][0].detail.startswith("left out: templates/half.json, line 1")
    assert parts["rules"][0].detail.startswith("left out: rules/half.yaml, line ")


def test_a_moved_store_is_a_note_until_it_is_mended(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    write_store(settings, "/somewhere/else/mlruns/artifacts")
    assert "made in /somewhere/else" in found(settings)["runs and models"][1].detail
    module.mend(settings)
    assert [each.status for each in found(settings)["runs and models"]] == [OK]


def test_the_command_ends_with_1_where_something_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "half.yaml").write_text("{")
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == 1
    assert {each["what"] for each in json.loads(done.stdout) if each["status"] == "wrong"} >= {"rules"}
