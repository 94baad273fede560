"""All stores lie beneath home unless a variable says otherwise, and wrong values are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from atelier.settings import Settings

STORES = (
    *("data_dir", "data_pointer_path", "stores_dir", "versions_dir", "checkpoints_dir", "quarantine_dir"),
    *("judgments_dir", "rules_dir", "templates_dir", "drops_dir", "content_dir", "reports_dir"),
    *("releases_dir", "shadow_dir", "feeds_dir"),
)


@pytest.mark.parametrize("name", STORES)
def test_every_store_lies_beneath_home(tmp_path: Path, name: str) -> None:
    place: Path = getattr(Settings(home=tmp_path), name)
    assert place.is_relative_to(tmp_path)
    assert place != tmp_path


def test_no_two_stores_share_a_place(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert len({getattr(settings, name) for name in STORES}) == len(STORES)


def test_variables_of_the_environment_are_read_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "shop"))
    monkeypatch.setenv("ATELIER_DATA_REMOTE", "s3://bucket/data")
    monkeypatch.setenv("ATELIER_SERVE_PORT", "9000")
    settings = Settings()
    assert (settings.home, settings.remote_url, settings.serve_port) == (
        tmp_path / "shop",
        "s3://bucket/data",
        9000,
    )


def test_a_home_that_depends_on_the_working_folder_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("here")).home == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(home=Path("~/shop")).home == tmp_path / "shop"


@pytest.mark.parametrize(
    ("name", "value"),
    [("serve_port", 70_000), ("shadow_share", 1.5), ("max_bad_share", -0.1), ("keep_releases", 0)],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_a_shadow_s_share_needs_a_release() -> None:
    with pytest.raises(ValidationError, match="name the release to run in shadow"):
        Settings(shadow_share=0.1)
    assert Settings(shadow_share=0.1, shadow_release="r1").shadow_release == "r1"


def test_fonts_are_folders_with_a_colon_between() -> None:
    assert Settings(fonts="/a:/b:").font_dirs == [Path("/a"), Path("/b")]
