"""A pack and what was trained from it are named by family and folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_runner import refusal


@pytest.mark.parametrize("command", [("pack",), ("adopt", "--digest", "0" * 64)])
def test_an_unknown_family_is_refused_with_the_known(tmp_path: Path, command: tuple[str, ...]) -> None:
    said = refusal(tmp_path, *command, "hats", str(tmp_path / "folder"))
    assert "there is no family 'hats'" in said
    assert "retrieval" in said


def test_what_was_trained_needs_its_digest_and_its_folder(tmp_path: Path) -> None:
    assert "--digest" in refusal(tmp_path, "adopt", str(tmp_path))
    assert "none" in refusal(tmp_path, "adopt", str(tmp_path / "none"), "--digest", "0" * 64)
