"""An operator's folder: one bad file is left out by name and takes nothing with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from atelier.rules.file import own_rules

GOOD = "slots: {top: {category: Shirts}}\nsets: [{required: top}]\n"


@pytest.mark.parametrize(
    "bad",
    ["", "slots: {top:", "slots: [", "- a\n- b\n", "[" * 5_000, b"\xff\xfe", "slots: {top: {at_most: .inf}}"],
)
def test_whatever_is_wrong_with_a_file_is_its_own_affair(tmp_path: Path, bad: str | bytes) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "good.yaml").write_text(GOOD)
    (folder / "bad.yaml").write_bytes(bad if isinstance(bad, bytes) else bad.encode())
    (folder / "._good.yaml").write_bytes(b"\0\5\x16\7")
    own = own_rules(folder)
    assert dict(own.paths) == {"good": folder / "good.yaml"}
    assert [each.file for each in own.left_out.values()] == ["rules/bad.yaml"]
    assert str(own.left_out["bad"]).startswith("rules/bad.yaml")
    assert str(tmp_path) not in str(own.left_out["bad"])


def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.yaml")
    own = own_rules(tmp_path)
    assert (dict(own.paths), set(own.left_out)) == ({}, {"folder", "dangling", "pipe"})


def test_no_folder_is_none(tmp_path: Path) -> None:
    assert own_rules(tmp_path / "rules").paths == {}
