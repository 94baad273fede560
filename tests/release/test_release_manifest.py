"""A manifest is read back as written, knows its families' files, and its digest is of what answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from release_world import stage_release

from atelier.errors import ReleaseError
from atelier.release.manifest import ModelFiles, Release
from atelier.settings import Settings


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return stage_release(Settings(home=tmp_path_factory.mktemp("home")), "a", note="first of all")


def test_a_manifest_is_read_back_as_written(release: Release) -> None:
    again = Release.from_json(release.to_json())
    assert again == release
    assert again.note == "first of all"
    assert list(json.loads(release.to_json())) == sorted(json.loads(release.to_json()))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"models": {}}', '{"models": null}', "null"])
def test_what_is_no_manifest_is_refused_with_where_it_was_found(text: str) -> None:
    with pytest.raises(ReleaseError, match=r"releases/x: not the manifest of a release"):
        Release.from_json(text, "releases/x")


def test_a_manifest_with_an_unknown_field_is_refused(release: Release) -> None:
    more = json.dumps({**json.loads(release.to_json()), "colour": "red"})
    with pytest.raises(ReleaseError, match="colour"):
        Release.from_json(more)


def test_families_have_their_own_files(release: Release) -> None:
    files = {"retrieval/student.onnx": "a", "ranking/users.onnx": "b", "ranking/deep/x": "c"}
    models = {"retrieval": ModelFiles("retrieval", 1, "d"), "ranking": ModelFiles("ranking", 2, "e")}
    two = replace(release, files=files, models=models)
    assert not two.is_flat
    assert two.files_of("ranking") == {"users.onnx": "b", "deep/x": "c"}
    assert two.files_of("outfit") == {}
    assert two.prefix_of("outfit") == "outfit/"


def test_a_release_of_before_there_were_folders_shares_its_files(release: Release) -> None:
    flat = replace(release, files={"student.onnx": "a", "contract.json": "b"})
    assert flat.is_flat
    assert flat.files_of("retrieval") == flat.files_of("ranking") == dict(flat.files)
    assert flat.prefix_of("retrieval") == ""


@pytest.mark.parametrize("name", ["data_version", "index", "models", "files"])
def test_any_change_of_what_answers_changes_the_digest_and_nothing_else_does(
    release: Release, name: str
) -> None:
    changes = {
        "data_version": "another",
        "index": replace(release.index, version=99),
        "models": {"retrieval": replace(release.models["retrieval"], version=2)},
        "files": {**release.files, "more": "f" * 64},
    }
    assert replace(release, **{name: changes[name]}).content_digest != release.content_digest  # type: ignore[arg-type]
    noted = replace(release, note="another", parent="p", release_id="later", created_at="then")
    assert noted.content_digest == release.content_digest
