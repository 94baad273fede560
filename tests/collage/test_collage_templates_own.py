"""A designer's folder: one bad file is left out by name and takes nothing with it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from atelier.collage.templates import own_templates

GOOD = {"name": "Mine", "canvas": [100, 100], "boxes": [{"slots": ["*"], "box": [0, 0, 100, 100]}]}


def folder_of(tmp_path: Path, **files: str | bytes) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    for name, text in files.items():
        content = text if isinstance(text, bytes) else text.encode()
        (folder / name.replace("__", ".")).write_bytes(content)
    return folder


def test_whatever_is_wrong_with_a_file_is_its_own_affair(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        good__json=json.dumps(GOOD),
        half__json=json.dumps(GOOD)[:40],
        empty__json="",
        deep__json="[" * 50_000,
        deep2__json="[" * 900 + "]" * 900,
        bytes__json=b"\xff\xfe\x00",
        nul__json='{"name": "\\u0000"}',
        list__json="[]",
        again__json=json.dumps(GOOD),
        picture__json=json.dumps(
            GOOD | {"name": "P", "background": {"colour": "#FFFFFF", "picture": "no.png"}}
        ),
    )
    (folder / "folder.json").mkdir()
    (folder / "dangling.json").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.json")  # reading it would never end
    own = own_templates(folder)
    assert [template.name for template in own.templates] == ["Mine"]
    assert {each.file for each in own.left_out} == {
        f"templates/{path.name}" for path in folder.iterdir() if path.name != "again.json"
    }
    assert str(tmp_path) not in "".join(map(str, own.left_out))
    assert "is taken by again.json" in next(str(each) for each in own.left_out if "good" in each.file)


def test_files_of_systems_and_editors_are_not_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, good__json=json.dumps(GOOD), readme__txt="hello")
    (folder / "._good.json").write_bytes(b"\0\5\x16\7")  # what macOS leaves on foreign disks
    (folder / "good.tmp.json").write_text("{")
    own = own_templates(folder)
    assert (len(own.templates), own.left_out) == (1, ())


def test_no_folder_is_none(tmp_path: Path) -> None:
    own = own_templates(tmp_path / "templates")
    assert (own.templates, own.left_out) == ((), ())
