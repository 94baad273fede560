"""Serves a student in eight bits where validation shows no loss and this machine that it is faster."""

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
from atelier.jobs.products import products_of
from atelier.jobs.queries import held_out_queries
from atelier.jobs.scoring import Gallery, ask, embed, milliseconds_per_picture
from atelier.pictures import decode
from atelier.settings import Settings
from atelier.vocabulary import PhotoKind, Split

MARGIN = 0.01
"""The lower 95 % bound of the paired change in recall_at_1 may be this far below zero."""
LEAST_SPEED = 1.1
"""The float student's time, as a multiple of the int8 one's; below it eight bits are not worth a question."""
_LEAST_QUERIES = 50
_CALIBRATION = 100
"""About so many pictures of each kind."""
_GALLERY = 3_000
"""The validation products, and training products to make up this number: what queries are looked for in."""


@dataclass(frozen=True)
class Verdict:
    """Whether the int8 student is served, and why."""

    is_kept: bool
    num_queries: int
    change: float
    """Mean paired change in recall_at_1 on validation: int8 minus float."""
    low: float
    """Its lower 95 % bound."""
    speed: float
    """Float student's time for a picture, as a multiple of the int8 one's; one thread, one picture."""

    def metrics(self) -> dict[str, float]:
        """For the run of the registration."""
        return {
            "int8/is_served": float(self.is_kept),
            "int8/validation_recall_change": self.change,
            "int8/validation_recall_change_low": self.low,
            "int8/speed": self.speed,
        }


def serve_in_eight_bits(
    settings: Settings, data_version: str, student_dir: Path, progress: bool = True
) -> Verdict:
    """Put the int8 form in the place of the student's files, model and contract, or leave them as they are.

    Gallery and queries are both embedded by the file that is served, so that one contract holds for both.
    """
    contract = EmbeddingContract.from_json((student_dir / CONTRACT_FILE).read_bytes())
    catalogue = Catalogue.open(settings.data_dir)
    int8_path = student_dir / "student-int8.onnx"
    quantize(student_dir / MODEL_FILE, _calibration(catalogue, contract.image_size), int8_path)
    int8_contract = replace(contract, model_digest=hashlib.sha256(int8_path.read_bytes()).hexdigest())
    encoders = Encoder(student_dir / MODEL_FILE, contract, 1), Encoder(int8_path, int8_contract, 1)
    float_Q, int8_Q = (_hits(settings, catalogue, data_version, encoder, progress) for encoder in encoders)
    verdict = judge(float_Q, int8_Q, *milliseconds_per_picture(encoders))
    if verdict.is_kept:
        int8_path.replace(student_dir / MODEL_FILE)
        (student_dir / CONTRACT_FILE).write_text(int8_contract.to_json() + "\n")
    else:
        int8_path.unlink()
    return verdict


def judge(
    float_Q: NDArray[np.bool_], int8_Q: NDArray[np.bool_], float_ms: Sequence[float], int8_ms: Sequence[float]
) -> Verdict:
    """Which queries each found first, paired, and what each took, in rounds."""
    change_Q = int8_Q.astype(float) - float_Q
    change = float(change_Q.mean()) if len(change_Q) else 0.0
    error = float(change_Q.std() / np.sqrt(len(change_Q))) if len(change_Q) else 0.0
    low, speed = change - 1.645 * error, float(np.median(float_ms) / np.median(int8_ms))
    is_kept = len(change_Q) >= _LEAST_QUERIES and low >= -MARGIN and speed >= LEAST_SPEED
    return Verdict(is_kept, len(change_Q), change, low, speed)


def _calibration(catalogue: Catalogue, image_size: int) -> NDArray[np.float32]:
    """Training pictures as the network sees them, tidy and cluttered ones, each evenly spread."""
    products, _ = products_of(catalogue, Split.TRAIN)
    streets = catalogue.photos(PhotoKind.STREET, Split.TRAIN)
    kinds = [products, catalogue.photos(PhotoKind.SHOPPER, Split.TRAIN), streets]
    chosen = [photo for photos in kinds for photo in photos[:: max(1, len(photos) // _CALIBRATION)]]
    return np.stack([prepare(crop(decode(catalogue.read(photo))), image_size) for photo in chosen])


def _hits(
    settings: Settings, catalogue: Catalogue, data_version: str, encoder: Encoder, progress: bool
) -> NDArray[np.bool_]:
    """Which validation queries find their item first, in a part of the catalogue."""
    queries = held_out_queries(settings, catalogue, data_version, Split.VALIDATION)
    photos, items = products_of(catalogue, Split.VALIDATION)
    other_photos, other_items = products_of(catalogue, Split.TRAIN)
    step = max(1, len(other_photos) // max(1, _GALLERY - len(photos)))
    photos, items = [*photos, *other_photos[::step]], [*items, *other_items[::step]]
    said = embed(encoder, [(catalogue.read(photo), None) for photo in photos], "int8: gallery", progress)
    gallery = Gallery.of(said, items)
    views = ask(encoder, gallery, queries, progress, only_best=True)
    return np.concatenate([view.rank_Q < 1 for view in views] or [np.zeros(0, bool)])
