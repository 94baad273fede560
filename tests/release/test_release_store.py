"""A release is whole or not there; one atomic step makes it live, and the same step goes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from damage import overwrite
from release_world import DIMENSION, contract, go_live, make_index, root_of, stage_release, student_of

from atelier.errors import EmbeddingContractError, NoReleaseError, ReleaseError
from atelier.index.query import IndexReader
from atelier.index.schema import ContractText
from atelier.index.states import verified_tag
from atelier.index.store import connect
from atelier.release.manifest import ModelFiles, Release
from atelier.release.store import (
    diff,
    list_releases,
    live,
    live_id,
    previous_id,
    promote,
    rollback,
    show,
    stage,
)
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def ids(releases: list[Release] | Iterator[Release]) -> list[str]:
    return [release.release_id for release in releases]


def test_nothing_is_live_before_the_first_promotion(settings: Settings) -> None:
    assert live_id(settings) is None
    with pytest.raises(NoReleaseError, match="nothing is live yet"):
        live(settings)
    staged = stage_release(settings, "one")
    assert list_releases(settings) == [staged]
    with pytest.raises(NoReleaseError):
        live(settings)


def test_a_promoted_release_is_live_and_reads_back_as_it_was_staged(settings: Settings) -> None:
    staged = stage_release(settings, "one", note="the first")
    assert promote(settings, staged.release_id) == staged == live(settings)
    assert live(settings).note == "the first"
    root = root_of(settings, staged)
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()) == [
        "manifest.json",
        "retrieval/contract.json",
        "retrieval/student.onnx",
    ]
    assert (staged.index.rows, staged.verification.recall_at_10, staged.parent) == (8, 1.0, None)


def test_staging_what_is_live_returns_the_live_release(settings: Settings) -> None:
    first = go_live(settings, "one")
    assert stage_release(settings, "one", note="again") == first
    assert ids(list_releases(settings)) == [first.release_id]
    assert list(settings.releases_dir.glob(".staging-*")) == []


def test_a_new_model_or_new_data_makes_a_new_release(settings: Settings) -> None:
    first = go_live(settings, "one")
    other_model = go_live(settings, "two")
    other_data = stage_release(settings, "two", num_items=9)
    assert len({first.release_id, other_model.release_id, other_data.release_id}) == 3
    assert (other_model.parent, other_data.parent) == (first.release_id, other_model.release_id)


def test_rollback_gives_byte_identical_answers(settings: Settings) -> None:
    first = go_live(settings, "one")
    golden = answers(settings)
    go_live(settings, "two", num_items=12)
    assert answers(settings) != golden
    assert rollback(settings) == first
    assert answers(settings) == golden


def test_rollback_goes_one_step_further_back_each_time(settings: Settings) -> None:
    first, second, third = (go_live(settings, model) for model in ("one", "two", "three"))
    assert previous_id(settings) == second.release_id
    assert rollback(settings) == second
    assert rollback(settings) == first
    with pytest.raises(ReleaseError, match=f"nothing was live before {first.release_id}"):
        rollback(settings)
    assert rollback(settings, to=third.release_id) == third
    assert rollback(settings) == first


def test_publishing_an_older_state_again_is_a_step_forward(settings: Settings) -> None:
    first, second = go_live(settings, "one"), go_live(settings, "two")
    assert go_live(settings, "one") == first
    assert rollback(settings) == second


def test_a_step_that_a_kill_left_out_of_the_history_is_still_gone_back(settings: Settings) -> None:
    first, second, third = (stage_release(settings, model) for model in ("one", "two", "three"))
    promote(settings, first.release_id)
    promote(settings, second.release_id)
    history = settings.releases_dir / "history.jsonl"
    history.write_text(history.read_text()[:-20])  # killed while it wrote the line of the second
    assert previous_id(settings) == first.release_id
    promote(settings, third.release_id)
    assert rollback(settings) == second
    assert rollback(settings) == first


def test_a_changed_or_missing_file_is_never_promoted(settings: Settings) -> None:
    first = go_live(settings, "one")
    second = stage_release(settings, "two")
    overwrite(student_of(settings, second))
    with pytest.raises(ReleaseError, match=r"retrieval/student\.onnx: the manifest .* expects sha256"):
        promote(settings, second.release_id)
    student_of(settings, second).unlink()
    with pytest.raises(ReleaseError, match="no such file"):
        promote(settings, second.release_id)
    assert live(settings) == first


def test_a_release_without_its_index_is_never_promoted(settings: Settings) -> None:
    first, second = go_live(settings, "one"), go_live(settings, "two")
    connect(settings).drop_table(first.index.table)
    with pytest.raises(ReleaseError, match=f"release {first.release_id} is not whole: index .* is gone"):
        rollback(settings)
    assert live(settings) == second


def test_an_unverified_index_never_goes_live(settings: Settings) -> None:
    staged = stage_release(settings, "one")
    connect(settings).open_table(staged.index.table).tags.delete(verified_tag(staged.index.version))
    with pytest.raises(ReleaseError, match="never verified"):
        promote(settings, staged.release_id)
    assert live_id(settings) is None


def test_a_half_written_release_is_never_listed(settings: Settings) -> None:
    first = go_live(settings, "one")
    half = settings.releases_dir / ".staging-x1y2z3"
    half.mkdir()
    (half / "manifest.json").write_text(first.to_json())
    (settings.releases_dir / "20990101T000000-00000000").mkdir()
    assert ids(list_releases(settings)) == [first.release_id]


def test_show_takes_the_beginning_of_an_id_and_names_what_there_is(settings: Settings) -> None:
    with pytest.raises(ReleaseError, match="nothing was released yet"):
        show(settings, "2026")
    first, second = go_live(settings, "one"), go_live(settings, "two")
    assert show(settings, first.release_id[:-1]) == first
    with pytest.raises(ReleaseError, match=f"ambiguous.*{second.release_id}"):
        show(settings, "2")
    with pytest.raises(ReleaseError, match=f"'1999' is unknown.*{first.release_id}"):
        show(settings, "1999")


def test_a_broken_manifest_is_named(settings: Settings) -> None:
    first = go_live(settings, "one")
    (root_of(settings, first) / "manifest.json").write_text("{}")
    with pytest.raises(
        ReleaseError, match=f"{first.release_id}/manifest.json: not the manifest of a release"
    ):
        live(settings)


def test_an_encoder_of_another_contract_cannot_open_the_index(settings: Settings) -> None:
    release = go_live(settings, "one")
    assert IndexReader.open(settings, release.index, ContractText(contract("one")).digest)
    with pytest.raises(EmbeddingContractError, match="cannot be compared"):
        IndexReader.open(settings, release.index, ContractText(contract("two")).digest)


def test_files_may_lie_in_folders_of_the_release(settings: Settings) -> None:
    index, verification = make_index(settings, "one")
    (settings.home / "weights").write_text("w")
    staged = stage(
        settings,
        data_version="d",
        models={"caption": ModelFiles("caption", 3, "e" * 64)},
        index=index,
        verification=verification,
        files={"caption/student.onnx": settings.home / "weights"},
    )
    assert promote(settings, staged.release_id).files.keys() == {"caption/student.onnx"}


def test_a_failed_staging_leaves_nothing(settings: Settings) -> None:
    index, verification = make_index(settings, "one")
    with pytest.raises(FileNotFoundError):
        stage(
            settings,
            data_version="d",
            models={},
            index=index,
            verification=verification,
            files={"student.onnx": settings.home / "missing"},
        )
    assert [path.name for path in settings.releases_dir.iterdir()] == [".lock"]


def test_the_history_tells_every_step(settings: Settings) -> None:
    first, second = go_live(settings, "one"), go_live(settings, "two")
    rollback(settings)
    lines = (settings.releases_dir / "history.jsonl").read_text().split("\n")
    steps = [json.loads(line) for line in lines if line]
    assert [(step["before"], step["release_id"], step["why"]) for step in steps] == [
        (None, first.release_id, "promote"),
        (first.release_id, second.release_id, "promote"),
        (second.release_id, first.release_id, "rollback"),
    ]


def test_diff_says_what_changed_in_words(settings: Settings) -> None:
    first, second = go_live(settings, "one"), go_live(settings, "two", num_items=11)
    changes = {change.what: (change.before, change.after) for change in diff(settings, first, second)}
    assert changes["data version"] == ("d8", "d11")
    assert changes["index rows"] == ("8", "11")
    assert changes["items"] == ("8", "11 (3 added, 0 removed, 0 changed)")
    assert changes["model retrieval"][0].startswith("retrieval 1")
    assert "file retrieval/student.onnx" in changes
    assert diff(settings, first, first) == []


def test_diff_with_a_collected_index_says_that_it_cannot_count(settings: Settings) -> None:
    first, second = go_live(settings, "one"), go_live(settings, "two", num_items=9)
    connect(settings).drop_table(first.index.table)
    changes = {change.what: (change.before, change.after) for change in diff(settings, first, second)}
    assert changes["items"] == ("8", "9 (an index is gone: not compared)")


def answers(settings: Settings) -> bytes:
    """What the live release answers to fixed questions, as bytes."""
    questions = np.random.default_rng(7).standard_normal((20, DIMENSION)).astype(np.float32)
    reader = IndexReader.open(settings, live(settings).index)
    questions /= np.linalg.norm(questions, axis=1, keepdims=True)
    hits = reader.search_batch(questions, k=5)
    assert hits == [reader.search(question, k=5) for question in questions]
    return repr(hits).encode()
