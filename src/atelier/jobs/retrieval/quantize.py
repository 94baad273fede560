"""Serves a student in int8 where validation shows no loss and this machine runs it faster."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.families.retrieval.inference import (
    CONTRACT_FILE,
    MODEL_FILE,
    EmbeddingContract,
    Encoder,
    crop,
    prepare,
)
from atelier.families.retrieval.quantize import quantize
from atelier.jobs.retrieval.products import products_of
from atelier.jobs.retrieval.scoring import milliseconds_per_picture
from atelier.jobs.retrieval.validation_probe import Change, ValidationProbe
from atelier.pictures import decode
from atelier.vocabulary import PhotoKind, Split

MIN_SPEED = 1.1
"""The float student's time, as a multiple of the int8 one's; below it eight bits are not worth a question."""
_CALIBRATION = 100
"""About so many pictures of each kind."""


@dataclass(frozen=True)
class Int8Verdict:
    """The decision whether the int8 student is served, with its reason."""

    change: Change
    """In recall_at_1 on validation: int8 against float."""
    speed: float
    """Float student's time for a picture, as a multiple of the int8 one's; one thread, one picture."""

    @property
    def is_kept(self) -> bool:
        return self.change.loses_nothing and self.speed >= MIN_SPEED

    def metrics(self) -> dict[str, float]:
        """Return the metrics for the run of the registration."""
        return {
            "int8/is_served": float(self.is_kept),
            "int8/validation_recall_change": self.change.mean,
            "int8/validation_recall_change_low": self.change.low,
            "int8/speed": self.speed,
        }


def serve_in_eight_bits(trial: ValidationProbe, student_dir: Path, progress: bool = True) -> Int8Verdict:
    """Replace the student's model and contract by the int8 form, or leave them as they are.

    Gallery and queries are both embedded by the file that is served, so that one contract holds for both.
    """
    contract = EmbeddingContract.from_json((student_dir / CONTRACT_FILE).read_bytes())
    int8_path = student_dir / "student-int8.onnx"
    quantize(student_dir / MODEL_FILE, _calibration(trial.catalogue, contract.image_size), int8_path)
    int8_contract = replace(contract, model_digest=hashlib.sha256(int8_path.read_bytes()).hexdigest())
    encoders = Encoder(student_dir / MODEL_FILE, contract, 1), Encoder(int8_path, int8_contract, 1)
    float_Q, int8_Q = (
        trial.hits(encoder, trial.gallery(encoder, progress), progress) for encoder in encoders
    )
    verdict = judge(float_Q, int8_Q, *milliseconds_per_picture(encoders))
    if verdict.is_kept:
        int8_path.replace(student_dir / MODEL_FILE)
        (student_dir / CONTRACT_FILE).write_text(int8_contract.to_json() + "\n")
    else:
        int8_path.unlink()
    return verdict


def judge(
    float_Q: NDArray[np.bool_], int8_Q: NDArray[np.bool_], float_ms: Sequence[float], int8_ms: Sequence[float]
) -> Int8Verdict:
    """Compare the two forms on the same queries, paired, and their times, in rounds."""
    return Int8Verdict(Change.between(float_Q, int8_Q), float(np.median(float_ms) / np.median(int8_ms)))


def _calibration(catalogue: Catalogue, image_size: int) -> NDArray[np.float32]:
    """Select training pictures, tidy and cluttered ones, each evenly spread, as network inputs."""
    products, _ = products_of(catalogue, Split.TRAIN)
    streets = catalogue.photos(PhotoKind.STREET, Split.TRAIN)
    kinds = [products, catalogue.photos(PhotoKind.SHOPPER, Split.TRAIN), streets]
    chosen = [photo for photos in kinds for photo in photos[:: max(1, len(photos) // _CALIBRATION)]]
    return np.stack([prepare(crop(decode(catalogue.read(photo))), image_size) for photo in chosen])
