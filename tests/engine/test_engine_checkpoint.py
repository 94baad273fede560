"""A checkpoint is whole or it is refused; the one before it takes its place."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from atelier.engine.checkpoint import Checkpoint, CheckpointStore
from atelier.errors import CheckpointError

FINGERPRINT: dict[str, dict[str, object]] = {"config": {"seed": 1}}


def checkpoint_at(step: int) -> Checkpoint:
    tensors = {"module": {"weight": torch.full((3, 2), float(step))}, "best": {}}
    return Checkpoint(step, FINGERPRINT, {"note": "at " + str(step)}, tensors)


def flip_a_byte(folder: Path) -> None:
    path = folder / "module.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def truncate(folder: Path) -> None:
    path = folder / "module.safetensors"
    path.write_bytes(path.read_bytes()[:-4])


def edit_facts(folder: Path) -> None:
    path = folder / "facts.json"
    path.write_text(path.read_text().replace('"step": 2', '"step": 9'))


DAMAGES: list[tuple[Callable[[Path], object], str]] = [
    (flip_a_byte, "module.safetensors"),
    (truncate, "module.safetensors"),
    (edit_facts, "facts.json"),
    (lambda folder: (folder / "module.safetensors").unlink(), "module.safetensors"),
    (lambda folder: (folder / "facts.json").unlink(), "facts.json"),
    (lambda folder: (folder / "manifest.json").unlink(), "manifest.json"),
    (lambda folder: (folder / "manifest.json").write_text("{}"), "facts.json"),
    (lambda folder: (folder / "manifest.json").write_text("[1"), "JSONDecodeError"),
]


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save(checkpoint_at(1))
    read = store.latest(FINGERPRINT)
    assert read is not None
    assert (read.step, read.facts, read.tensors["best"]) == (1, {"note": "at 1"}, {})
    assert torch.equal(read.tensors["module"]["weight"], torch.ones(3, 2))


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    assert CheckpointStore(tmp_path / "absent").latest(FINGERPRINT) is None


@pytest.mark.parametrize(("damage", "named"), DAMAGES)
def test_a_damaged_checkpoint_is_passed_over_and_named(
    tmp_path: Path, damage: Callable[[Path], object], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = CheckpointStore(tmp_path)
    store.save(checkpoint_at(1))
    damage(store.save(checkpoint_at(2)))
    with caplog.at_level(logging.WARNING):
        read = store.latest(FINGERPRINT)
    assert read is not None
    assert read.step == 1
    assert "step-00000002" in caplog.text
    assert named in caplog.text


@pytest.mark.parametrize(("damage", "_named"), DAMAGES)
def test_where_all_are_damaged_nothing_is_loaded(
    tmp_path: Path, damage: Callable[[Path], object], _named: str
) -> None:
    store = CheckpointStore(tmp_path)
    damage(store.save(checkpoint_at(2)))
    with pytest.raises(CheckpointError, match="none of the 1 checkpoints"):
        store.latest(FINGERPRINT)


def test_older_ones_are_dropped_only_after_the_new_one_is_whole(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep=2)
    for step in range(1, 5):
        store.save(checkpoint_at(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000003", "step-00000004"]


def test_a_final_checkpoint_replaces_all_others(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save(checkpoint_at(4))
    store.save(Checkpoint(4, FINGERPRINT, {}, {"module": {}}, final=True))
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000004-final"]


def test_a_damaged_one_is_replaced_when_the_run_comes_past_again(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep=2)
    store.save(checkpoint_at(1))
    flip_a_byte(store.save(checkpoint_at(5)))
    store.save(checkpoint_at(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000001", "step-00000003"]


def test_leftovers_of_a_kill_are_cleared(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    shutil.copytree(store.save(checkpoint_at(1)), tmp_path / ".partial-step-00000002")
    store.save(checkpoint_at(3))
    assert not list(tmp_path.glob(".partial-*"))


def test_nothing_in_a_checkpoint_is_a_pickle(tmp_path: Path) -> None:
    folder = CheckpointStore(tmp_path).save(checkpoint_at(1))
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    assert json.loads((folder / "facts.json").read_text())["step"] == 1
