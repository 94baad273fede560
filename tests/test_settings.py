"""Which places a workspace may have: any usual one, or a sentence at the door."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from atelier.settings import Settings


@pytest.mark.parametrize(
    ("home", "why"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("/dev/null", "/dev/null is not a folder"),
        ("/dev/null/beneath", "/dev/null is not a folder"),
        ("/srv/what?", "databases end"),
        ("/srv/two\nlines", "control character"),
        ("/srv/\udce9", "not valid UTF-8"),
        ("~nobody-has-this-name/x", "cannot be used as a folder"),
        ("/tmp/" + "x" * 300, "File name too long"),
    ],
)
def test_what_cannot_be_a_workspace_is_refused_at_the_door(
    monkeypatch: pytest.MonkeyPatch, home: str, why: str
) -> None:
    if "\udce9" not in home:
        monkeypatch.setenv("ATELIER_HOME", home)
        with pytest.raises(ValidationError, match=why):
            Settings()
    with pytest.raises(ValidationError, match=why):
        Settings(home=Path(home) if home.strip() else home)


def test_a_file_and_a_loop_of_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("file", "loop"):
        with pytest.raises(ValidationError, match=name):
            Settings(home=tmp_path / name)


def test_relative_paths_links_and_tildes_are_followed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to("real")
    assert Settings(home=Path("here")).home == tmp_path / "here"
    assert Settings(home=Path("~/there")).home == tmp_path / "there"
    assert Settings(home=Path("link")).home == tmp_path / "real"


def test_other_folders_may_be_relative_to_home_and_have_any_name(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, data_remote="r#1", artifact_root="a b", index_uri="ü")
    assert settings.remote_url == str(tmp_path / "r#1")
    assert settings.mlflow_artifacts == f"file://{tmp_path}/a%20b"
    assert settings.lancedb_uri == str(tmp_path / "ü")
    assert Settings(home=tmp_path).mlflow_artifacts == f"{tmp_path}/mlruns/artifacts"
    assert Settings(home=tmp_path, index_uri="s3://shop/x?y").lancedb_uri == "s3://shop/x?y"
    with pytest.raises(ValidationError, match="DVC fills in"):
        Settings(home=tmp_path, data_remote="/srv/%(x)s")
    with pytest.raises(ValidationError, match="is not a folder"):
        Settings(home=tmp_path, index_uri="/dev/null")
