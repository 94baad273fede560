"""`atelier` turns errors on purpose into one message and exit code 1, and lets no library call home."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from atelier import cli


def test_an_error_on_purpose_ends_with_code_1_and_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["atelier", "release", "show"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error: ")
    assert "Traceback" not in said.err


def test_libraries_are_told_not_to_call_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["atelier", "release", "list"])
    with pytest.raises(SystemExit):
        cli.main()
    for name in ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY", "DVC_NO_ANALYTICS"):
        assert os.environ[name] in {"1", "true"}
