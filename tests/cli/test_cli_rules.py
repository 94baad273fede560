"""Ready-made rules are listed; a file is checked against the items at hand."""

from __future__ import annotations

from pathlib import Path

from command_runner import refusal, run

from atelier.rules.file import ready_made


def test_every_ready_made_file_is_listed(tmp_path: Path) -> None:
    out = run(tmp_path, "rules", "list").stdout
    assert all(name in out for name in ready_made())


def test_a_file_that_is_wrong_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("slots: 3\n")
    assert "mine.yaml, line 1" in refusal(tmp_path, "rules", "check", str(tmp_path / "mine.yaml"))
    assert "is neither a file nor" in refusal(tmp_path, "rules", "check", str(tmp_path / "none.yaml"))
