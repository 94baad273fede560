"""A release is opened whole or not at all: every family, before the first request."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from damage import rot
from families_world import publish_whole, write_ranker
from fastapi.testclient import TestClient
from serving_world import PICTURES, encoded

from atelier.errors import DigestError, ReleaseError
from atelier.release.manifest import ModelFiles, Release
from atelier.release.store import live, promote, stage
from atelier.serving.app import create_app
from atelier.serving.live import LiveRelease
from atelier.serving.loader import open_answerer
from atelier.settings import Settings

FILES = (
    *("retrieval/student.onnx", "retrieval/text.onnx", "retrieval/contract.json"),
    *("detection/detector.onnx", "detection/detector.json"),
    *("outfit/generator.onnx", "outfit/items.onnx", "outfit/outfit.json", "outfit/outfit-items.parquet"),
    *("ranking/users.onnx", "ranking/sets.onnx", "ranking/ranking.json", "ranking/values.json"),
    *("ranking/sets.parquet", "ranking/histories.parquet", "outfit/rules/wear.yaml"),
)


@pytest.fixture(scope="module")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a release of all families; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("whole")
    publish_whole(Settings(home=folder / "home", serve_threads=1), folder / "models")
    return folder / "home"


@pytest.fixture
def settings(model_files: Path, tmp_path: Path) -> Settings:
    shutil.copytree(model_files, tmp_path / "home", copy_function=shutil.copy2)
    return Settings(home=tmp_path / "home", serve_threads=1)


def root_of(settings: Settings, release: Release) -> Path:
    return settings.releases_dir / release.release_id


def staged_with(settings: Settings, files: dict[str, Path], leave_out: str = "") -> Release:
    """The live release with other files in their places."""
    release = live(settings)
    kept = {name: root_of(settings, release) / name for name in release.files if name != leave_out}
    return stage(
        settings,
        data_version="data-2",
        models=release.models,
        index=release.index,
        verification=release.verification,
        files=kept | files,
    )


def ask_everything(client: TestClient) -> dict[str, Any]:
    """What every family answers, whatever the release's id and however long it takes."""
    photo = {"photo": encoded(PICTURES["T/1"])}
    wishes = {"items": ["T/1"], "rules": "wear", "k": 2, "user": "ann"}
    responses = {
        "search": client.post("/v1/search", files=photo, data={"k": "3"}),
        "text": client.post("/v1/search", data={"text": "jeans", "k": "3"}),
        "feed": client.get("/v1/feed/ann", params={"num": 5, "day": "2026-01-05"}),
        "outfits": client.post("/v1/outfits", json=wishes),
        "rules": client.get("/v1/rules"),
    }
    for name, response in responses.items():
        assert response.status_code == 200, (name, response.text)
    answers = {name: response.json() for name, response in responses.items()}
    return {
        name: {
            field: json.loads(json.dumps(value).replace(answer["release"], "its release"))
            for field, value in answer.items()
            if field != "took_ms"
        }
        for name, answer in answers.items()
    }


def test_the_files_of_this_test_are_all_files_of_the_release(settings: Settings) -> None:
    assert set(FILES) == set(live(settings).files)


def test_no_request_opens_a_file_of_the_release(settings: Settings) -> None:
    release = live(settings)
    app = create_app(settings, LiveRelease(settings, poll_seconds=3600))
    with TestClient(app, raise_server_exceptions=False) as client:
        shutil.rmtree(root_of(settings, release))
        shutil.rmtree(settings.releases_dir / "blobs")
        answers = ask_everything(client)
    assert answers["outfits"]["sets"]
    assert all(0 < each["liking"] < 1 for each in answers["outfits"]["sets"])
    assert len(answers["feed"]["sets"]) == 5


@pytest.mark.parametrize("name", FILES)
def test_any_damaged_file_keeps_the_old_release_and_is_named(settings: Settings, name: str) -> None:
    followed = LiveRelease(settings, retry_seconds=0)
    followed.refresh()
    old = followed.current
    (settings.home / "other").write_bytes((root_of(settings, old.release) / name).read_bytes() + b" ")
    newer = promote(settings, staged_with(settings, {name: settings.home / "other"}).release_id)
    rot(root_of(settings, newer) / name)
    followed.refresh()
    assert followed.current is old
    failure = followed.state.failure
    assert failure is not None
    assert failure.release_id == newer.release_id
    assert "DigestError" in failure.error
    assert f"{newer.release_id}/{name}" in failure.error
    with pytest.raises(DigestError, match=name):
        open_answerer(settings, newer)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("retrieval/contract.json", "{}", "retrieval"),
        ("retrieval/text.onnx", "no network", "retrieval"),
        ("detection/detector.json", "{}", "detection"),
        ("detection/detector.onnx", "no network", "detection"),
        ("ranking/ranking.json", "{}", "ranking"),
        ("ranking/users.onnx", "no network", "ranking"),
        ("ranking/values.json", '[["colour", ["Red"]]]', "ranking"),
        ("ranking/sets.parquet", "no table", "ranking"),
        ("ranking/histories.parquet", "no table", "ranking"),
        ("outfit/outfit.json", "{}", "outfit"),
        ("outfit/outfit-items.parquet", "no table", "outfit"),
        ("outfit/rules/wear.yaml", "slots: 3", "outfit"),
    ],
)
def test_a_part_that_cannot_be_loaded_keeps_the_old_release_and_is_named(
    settings: Settings, tmp_path: Path, name: str, content: str, part: str
) -> None:
    """The file is the one that the manifest names, and yet is not what it should be."""
    followed = LiveRelease(settings, retry_seconds=0)
    followed.refresh()
    old = followed.current
    (tmp_path / "file").write_text(content)
    newer = promote(settings, staged_with(settings, {name: tmp_path / "file"}).release_id)
    followed.refresh()
    assert followed.current is old
    assert followed.state.failure is not None
    assert f"release {newer.release_id}: its {part} cannot be loaded: " in followed.state.failure.error


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_a_release_never_had_is_missed_at_loading(settings: Settings, name: str) -> None:
    with_it = open_answerer(settings, live(settings))
    without = staged_with(settings, {}, leave_out=name)
    if name in {"ranking/values.json", "outfit/rules/wear.yaml", "outfit/items.onnx"}:
        assert open_answerer(settings, without, with_it).release == without  # what serving can do without
        return
    with pytest.raises(ReleaseError, match=f"its {name.split('/', maxsplit=1)[0]} cannot be loaded"):
        open_answerer(settings, without)


def test_what_did_not_change_is_shared_with_the_release_before(settings: Settings, tmp_path: Path) -> None:
    first = open_answerer(settings, live(settings))
    again = open_answerer(settings, staged_with(settings, {}), first)
    assert again.encoder is first.encoder
    assert again.texts is first.texts
    assert again.detector is first.detector
    assert again.ranker is first.ranker
    assert again.stylist.generator is first.stylist.generator
    alone = open_answerer(settings, again.release)
    assert alone.encoder is not first.encoder

    other = write_ranker(tmp_path / "ranker", dimension=16)
    newer = open_answerer(settings, staged_with(settings, other), first)
    assert newer.ranker is not first.ranker
    assert newer.encoder is first.encoder


def test_a_running_server_takes_a_successor_of_a_release_that_rotted_since(settings: Settings) -> None:
    """An item that is withdrawn disappears, though the disk spoilt what the server has in memory."""
    first = open_answerer(settings, live(settings))
    successor = staged_with(settings, {})
    rot(root_of(settings, successor) / "retrieval" / "student.onnx")
    assert open_answerer(settings, successor, first).release == successor
    with pytest.raises(DigestError, match=r"retrieval/student\.onnx"):
        open_answerer(settings, successor)


def test_a_release_of_before_families_had_folders_answers_the_same(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        answers = ask_everything(client)
    release = live(settings)
    flat = {name.split("/", 1)[1]: root_of(settings, release) / name for name in release.files}
    old = stage(
        settings,
        data_version=release.data_version,
        models=release.models,
        index=release.index,
        verification=release.verification,
        files=flat,
    )
    assert old.is_flat
    promote(settings, old.release_id)
    with TestClient(create_app(settings)) as client:
        assert client.get("/v1/release").json()["release"] == old.release_id
        assert ask_everything(client) == answers


def with_caption(settings: Settings, content: bytes = b"weights") -> Release:
    """The live release and a family that has no routes."""
    release = live(settings)
    (settings.home / "weights").write_bytes(content)
    files = {name: root_of(settings, release) / name for name in release.files}
    return stage(
        settings,
        data_version="data-2",
        models={**release.models, "caption": ModelFiles("caption", 1, "c" * 64)},
        index=release.index,
        verification=release.verification,
        files=files | {"caption/student.onnx": settings.home / "weights"},
    )


def load_caption(folder: Path, threads: int) -> list[bytes]:
    assert threads == 1
    return [(folder / "student.onnx").read_bytes()]


@pytest.fixture
def caption(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code of a family `caption`."""
    package = ModuleType("atelier.families.caption")
    inference = ModuleType("atelier.families.caption.inference")
    monkeypatch.setattr(inference, "load", load_caption, raising=False)
    for module in (package, inference):
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.usefixtures("caption")
def test_any_other_family_is_loaded_with_the_release_and_shared_with_the_next(settings: Settings) -> None:
    first = open_answerer(settings, with_caption(settings))
    assert first.models == {"caption": [b"weights"]}
    promote(settings, first.release.release_id)
    assert (
        open_answerer(settings, staged_with(settings, {}), first).models["caption"] is first.models["caption"]
    )
    newer = with_caption(settings, b"other weights")
    assert open_answerer(settings, newer, first).models == {"caption": [b"other weights"]}
    rot(root_of(settings, newer) / "caption" / "student.onnx")
    with pytest.raises(DigestError, match=r"caption/student\.onnx"):
        open_answerer(settings, newer, first)


def test_a_family_that_this_code_does_not_know_keeps_the_old_release(settings: Settings) -> None:
    followed = LiveRelease(settings, retry_seconds=0)
    followed.refresh()
    old = followed.current
    promote(settings, with_caption(settings).release_id)
    followed.refresh()
    assert followed.current is old
    assert followed.state.failure is not None
    assert "its caption cannot be loaded" in followed.state.failure.error
