"""Lets a new student answer from the vectors that the champion embedded, where validation shows no loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atelier.families.retrieval.inference import CONTRACT_FILE, MODEL_FILE, EmbeddingContract, Encoder
from atelier.jobs.retrieval.validation_probe import Change, ValidationProbe
from atelier.settings import Settings


@dataclass(frozen=True)
class Compatibility:
    """A student's recall in the champion's space, beside that in its own."""

    own: float
    """Validation recall_at_1, searches and gallery embedded by the student."""
    across: float
    """The same with the gallery embedded by the champion."""
    change: Change

    @property
    def shares_space(self) -> bool:
        """Test whether the student keeps the champion's space, so that nothing is embedded again."""
        return self.change.loses_nothing

    def metrics(self) -> dict[str, float]:
        """Return the metrics for the run of the registration."""
        return {
            "compatibility/shares_space": float(self.shares_space),
            "compatibility/own_recall_at_1": self.own,
            "compatibility/across_recall_at_1": self.across,
            "compatibility/change_low": self.change.low,
        }


def keep_space(
    settings: Settings, champion_dir: Path, trial: ValidationProbe, student_dir: Path, progress: bool = True
) -> Compatibility | None:
    """Write the champion's space into the student's contract if the student may search in it.

    The student may where its validation searches lose nothing
    against a gallery of its own (Shen et al. 2020, "Towards backward-compatible representation learning",
    section 3.1, asks the same of a new model). None: the champion's vectors have another form.
    """
    contract, theirs = contract_in(student_dir), contract_in(champion_dir)
    if replace(contract, space="any").digest != replace(theirs, space="any").digest:
        return None
    student = Encoder(student_dir / MODEL_FILE, contract, settings.serve_threads)
    other = Encoder(champion_dir / MODEL_FILE, theirs, settings.serve_threads)
    own_Q = trial.hits(student, trial.gallery(student, progress), progress)
    across_Q = trial.hits(student, trial.gallery(other, progress), progress)
    found = Compatibility(_share(own_Q), _share(across_Q), Change.between(own_Q, across_Q))
    if found.shares_space:
        shared = replace(contract, space=theirs.space_name)
        (student_dir / CONTRACT_FILE).write_text(shared.to_json() + "\n")
    return found


def contract_in(folder: Path) -> EmbeddingContract:
    """Read the contract among a version's files."""
    return EmbeddingContract.from_json((folder / CONTRACT_FILE).read_bytes())


def _share(hit_Q: NDArray[np.bool_]) -> float:
    return float(hit_Q.mean()) if len(hit_Q) else 0.0
