"""Releases over a tiny real index: eight random unit vectors, two files standing for a model."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from atelier.index.build import build
from atelier.index.schema import Embedded, IndexItem, IndexVersion
from atelier.index.verify import Verification, verify
from atelier.release.manifest import ModelFiles, Release
from atelier.release.store import folder_of, promote, stage
from atelier.settings import Settings
from atelier.vocabulary import Item

DIMENSION = 8


def contract(model: str) -> str:
    return json.dumps({"dimension": DIMENSION, "model_digest": model})


def embed(pictures: Sequence[str]) -> Embedded:
    """Random unit vectors, the same for the same picture."""
    vectors = np.stack(
        [np.random.default_rng(int(picture, 16) % 2**32).standard_normal(DIMENSION) for picture in pictures]
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embedded(vectors.astype(np.float32), [picture.encode() for picture in pictures])


def make_index(settings: Settings, model: str, num_items: int = 8) -> tuple[IndexVersion, Verification]:
    """A verified index of items `item-0`... whose data version is its number of items."""
    items = [
        IndexItem(
            Item(f"item-{number}", f"title {number}", "Shirts", "test"),
            hashlib.sha256(str(number).encode()).hexdigest(),
        )
        for number in range(num_items)
    ]
    built = build(
        settings, items, embed, contract_json=contract(model), data_version=f"d{num_items}", progress=False
    )
    return built.version, verify(settings, built.version, Counter(row.item.category for row in items))


def stage_release(
    settings: Settings, model: str, num_items: int = 8, note: str = "", folder: str = "retrieval/"
) -> Release:
    """`folder`: empty for names as they were before families had folders."""
    index, verification = make_index(settings, model, num_items)
    source = settings.home / f"model-{model}"
    source.mkdir(exist_ok=True)
    (source / "student.onnx").write_bytes(f"weights of {model}".encode() * 1_000)
    (source / "contract.json").write_text(contract(model))
    return stage(
        settings,
        data_version=index.data_version,
        models={"retrieval": ModelFiles("retrieval", 1, hashlib.sha256(model.encode()).hexdigest())},
        index=index,
        verification=verification,
        files={f"{folder}{name}": source / name for name in ("student.onnx", "contract.json")},
        note=note,
    )


def stage_again(settings: Settings, release: Release, note: str = "again") -> Release:
    """Another release of the files of this one, as a withdrawal stages it."""
    root = root_of(settings, release)
    return stage(
        settings,
        data_version=f"{release.data_version} {note}",
        models=release.models,
        index=release.index,
        verification=release.verification,
        files={name: root / name for name in release.files},
        note=note,
    )


def go_live(settings: Settings, model: str, num_items: int = 8) -> Release:
    return promote(settings, stage_release(settings, model, num_items).release_id)


def root_of(settings: Settings, release: Release) -> Path:
    return settings.releases_dir / release.release_id


def student_of(settings: Settings, release: Release) -> Path:
    return folder_of(settings, release, "retrieval") / "student.onnx"
