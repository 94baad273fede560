"""Folders under a second, plain name, and which files of a folder people put there."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.places import LeftOut, is_plain, own_files, plain, real, require_file

ODD = ["c#sharp", "a,b", "x%(x)s", "x{home}", "d$HOME", "p%20c", "b[1]", "q'\"x", "sp ace ", "müller", "~x"]


def test_a_plain_name_stays() -> None:
    assert is_plain(Path("/srv/atelier_2/home-1.5"))
    assert plain(Path("/srv/atelier")) == Path("/srv/atelier")


@pytest.mark.parametrize("name", ODD)
def test_any_other_gets_a_plain_name_of_the_same_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    alias = plain(folder)
    assert is_plain(alias)
    (alias / "file").write_text("here")
    assert (folder / "file").read_text() == "here"
    assert real(alias / "file") == folder / "file"
    assert plain(folder) == alias


def test_a_folder_that_was_made_anew_gets_a_new_alias(tmp_path: Path) -> None:
    folder = tmp_path / "müller"
    plain(folder)
    folder.rename(tmp_path / "old")
    (plain(folder) / "file").write_text("new")
    assert (folder / "file").is_file()


def test_hidden_and_temporary_files_are_nobodys(tmp_path: Path) -> None:
    for name in ("b.json", "A.json", "c.v2.json", "no.yaml", "d.json~"):
        (tmp_path / name).write_text("")
    for name in ("._b.json", ".b.json.swp.json", "~$b.json", "#b.json", "b.tmp.json", "b.part.json"):
        (tmp_path / name).write_text("")
    assert [path.name for path in own_files(tmp_path, ".json")] == ["A.json", "b.json", "c.v2.json"]
    assert own_files(tmp_path / "none", ".json") == []


def test_a_folder_is_no_file_and_an_answer_tells_no_place_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "x.json").mkdir()
    with pytest.raises(OSError, match="is no file") as caught:
        require_file(tmp_path / "x.json")
    left_out = LeftOut.because(tmp_path / "x.json", caught.value)
    assert left_out.file == f"{tmp_path.name}/x.json"
    assert str(left_out) == f"{tmp_path.name}/x.json is no file"
    assert str(LeftOut.because(tmp_path / "y.json", ValueError("bad"))) == f"{tmp_path.name}/y.json: bad"
