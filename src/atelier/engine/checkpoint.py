"""Checkpoints on disk: whole or not there, checked by digest, and never a pickle.

<folder>/step-00000400/
    manifest.json            the digest and size of every other file
    facts.json               step, best metrics, fingerprint: all that is not a tensor
    module.safetensors       and one file for each other group of tensors
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from atelier.errors import CheckpointError

log = logging.getLogger(__name__)

Fingerprint = dict[str, dict[str, object]]


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on from `step`."""

    step: int
    fingerprint: Fingerprint
    """What must be equal in the run that goes on: by heading, then by name; JSON values."""
    facts: dict[str, Any]
    """Everything that is not a tensor; JSON values."""
    tensors: dict[str, dict[str, Tensor]]
    """Tensors by group and name."""
    final: bool = False
    """Whether the run is finished."""

    @property
    def folder_name(self) -> str:
        """Name of the folder, which sorts by age; a finished run's last checkpoint never replaces its
        predecessor.
        """
        return f"step-{self.step:08d}" + ("-final" if self.final else "")


class CheckpointStore:
    """The checkpoints of one run, in one folder."""

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint so that a kill at any moment leaves it whole or absent; then drop the oldest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob(".partial-*"):
            shutil.rmtree(leftover)
        partial = self.folder / f".partial-{checkpoint.folder_name}"
        partial.mkdir()
        _write_files(partial, checkpoint)
        target = self.folder / checkpoint.folder_name
        for newer in self._newest_first():
            if newer.name >= target.name:  # damaged: this run fell back behind it and has come past again
                shutil.rmtree(newer)
        partial.rename(target)
        _fsync(self.folder)
        for old in self._newest_first()[1 if checkpoint.final else self.keep :]:
            shutil.rmtree(old)
        return target

    def latest(self, fingerprint: Fingerprint) -> Checkpoint | None:
        """Return the newest whole checkpoint, or None where there has never been one. Tensors are on the CPU.

        A damaged one is passed over with a warning. CheckpointError: all are damaged, or the newest whole one
        belongs to another run.
        """
        folders = self._newest_first()
        for folder in folders:
            try:
                checkpoint = _read_files(folder)
            except _DamagedError as damage:
                log.warning("checkpoint %s is damaged and passed over: %s", folder, damage)
                continue
            _check_fingerprint(checkpoint.fingerprint, fingerprint, folder)
            return checkpoint
        if folders:
            raise CheckpointError(
                f"none of the {len(folders)} checkpoints in {self.folder} is whole; the log says why. "
                f"Restore the folder from a copy, or delete it to train from the beginning."
            )
        return None

    def remove_all(self) -> None:
        """Delete every checkpoint of this run."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"), reverse=True)


class _DamagedError(Exception):
    """A checkpoint folder does not hold what its manifest promises."""


def _write_files(folder: Path, checkpoint: Checkpoint) -> None:
    for group, tensors in checkpoint.tensors.items():
        on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(on_cpu, folder / f"{group}.safetensors")
    facts = {
        "step": checkpoint.step,
        "fingerprint": checkpoint.fingerprint,
        "facts": checkpoint.facts,
        "final": checkpoint.final,
        "groups": sorted(checkpoint.tensors),
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1))
    manifest = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    for path in [*folder.iterdir(), folder]:
        _fsync(path)


def _read_files(folder: Path) -> Checkpoint:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        if unlisted := {path.name for path in folder.iterdir()} - {"manifest.json", *manifest}:
            raise _DamagedError(f"manifest.json does not list {', '.join(sorted(unlisted))}")
        for name, expected in manifest.items():
            if (seen := _digest(folder / name)) != expected:
                raise _DamagedError(f"{name} should be {expected}, but is {seen}")
        facts = json.loads((folder / "facts.json").read_text())
        tensors = {group: load_file(folder / f"{group}.safetensors") for group in facts["groups"]}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, SafetensorError) as fault:
        raise _DamagedError(f"{type(fault).__name__}: {fault}") from fault
    return Checkpoint(facts["step"], facts["fingerprint"], facts["facts"], tensors, facts["final"])


def _check_fingerprint(stored: Fingerprint, wanted: Fingerprint, folder: Path) -> None:
    differences = [
        f"{heading} {name}: {theirs!r} in the checkpoint, {ours!r} now"
        for heading in sorted(stored.keys() | wanted.keys())
        for name in sorted(stored.get(heading, {}).keys() | wanted.get(heading, {}).keys())
        if (theirs := stored.get(heading, {}).get(name)) != (ours := wanted.get(heading, {}).get(name))
    ]
    if differences:
        shown = "; ".join(differences[:5]) + (f"; and {len(differences) - 5} more" if differences[5:] else "")
        raise CheckpointError(
            f"the checkpoint {folder} belongs to another run - {shown}. "
            f"Give this run a folder of its own, or delete that one."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()} of {path.stat().st_size} bytes"


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
