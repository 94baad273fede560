"""Judgments are recorded from a file, and a shadow that compared nothing says so."""

from __future__ import annotations

from pathlib import Path

from command_runner import printed, refusal, run


def test_a_shadow_that_compared_nothing_says_why(tmp_path: Path) -> None:
    assert printed(tmp_path, "shadow", "report") == []
    assert (
        "Nothing was compared in the last 3 days; ATELIER_SHADOW_SHARE is 0.0"
        in run(tmp_path, "shadow", "report", "--days", "3").stderr
    )


def test_a_file_of_judgments_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "review.json").write_text("[]")
    assert "review.json" in refusal(tmp_path, "review", "record", str(tmp_path / "review.json"))
