"""Which rule files go out: the ready-made, the operator's own, and of a broken one the last that was good."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from atelier.errors import NoReleaseError
from atelier.jobs.outfit import release as module
from atelier.jobs.outfit.release import rule_files
from atelier.rules.file import ready_made
from atelier.settings import Settings

GOOD = "slots: {top: {category: Shirts}}\nsets: [{required: top}]\n"


def go_live(monkeypatch: pytest.MonkeyPatch, settings: Settings, file: str, text: str) -> Path:
    """A live release with one rule file."""
    path = settings.releases_dir / "r1" / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    files = {file: hashlib.sha256(text.encode()).hexdigest(), "outfit/model.onnx": "0"}
    monkeypatch.setattr(module, "live", lambda _: SimpleNamespace(release_id="r1", files=files))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "rules").mkdir()
    return Settings(home=tmp_path)


def test_own_rules_win_over_ready_made_ones(settings: Settings) -> None:
    own = settings.rules_dir / "womens-wear.yaml"
    own.write_text(GOOD)
    found = rule_files(settings)
    assert found["rules/womens-wear.yaml"] == own
    assert len(found) == len(ready_made())


@pytest.mark.parametrize("place", ["rules/mine.yaml", "outfit/rules/mine.yaml"])
def test_of_a_broken_file_the_live_version_goes_out_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = go_live(monkeypatch, settings, place, GOOD)
    (settings.rules_dir / "mine.yaml").write_text(GOOD[:20])
    assert rule_files(settings)["rules/mine.yaml"] == path
    path.write_text("changed on the disk")
    assert "rules/mine.yaml" not in rule_files(settings)


def test_a_broken_file_that_was_never_live_stays_behind_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_live(_: Settings) -> None:
        raise NoReleaseError("nothing is live yet")

    monkeypatch.setattr(module, "live", nothing_live)
    (settings.rules_dir / "mine.yaml").write_text("slots: [")
    (settings.rules_dir / "good.yaml").write_text(GOOD)
    assert set(rule_files(settings)) == {f"rules/{name}.yaml" for name in (*ready_made(), "good")}
