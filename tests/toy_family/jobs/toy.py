"""The toy as a value: what it needs of the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from atelier.families.toy.inference import MODEL_FILE, load
from atelier.families.toy.presets import PLAN, Pairs

from atelier.datasets.catalogue import Catalogue
from atelier.families import toy
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Contestant, Decision, Examination, Family, Outcomes
from atelier.registry.signature import Signature, TensorSpec
from atelier.vocabulary import Item


def material(context: Context[Any], role: str) -> Any:
    items = Catalogue.open(context.settings.data_dir).items()
    lengths = [(float(len(item.title)), float(len(item.item_id))) for item in items]
    x_N, y_N = torch.tensor(lengths).T
    return Pairs(x_N[:, None], y_N[:, None])


def answers(context: Context[Any], files: Path) -> Any:
    pairs = material(context, "line")
    (found_N1,) = load(files, 1).run(None, {"x": pairs.x_N1.numpy()})
    return np.abs(found_N1 - pairs.y_N1.numpy()).ravel().tolist()


def examine(context: Context[Any], outcomes: Outcomes, weights: Mapping[str, Path]) -> Examination:
    errors = answers(context, weights["line"])
    spec = TensorSpec("x", "float32", (-1, 1)), TensorSpec("y", "float32", (-1, 1))
    signature = Signature(spec[:1], spec[1:])
    example = {"x": np.ones((1, 1), np.float32)}
    metrics = {"test/error": float(np.mean(errors))}
    return Examination(weights["line"], MODEL_FILE, signature, example, metrics, errors)


def decide(context: Context[Any], challenger: Contestant, champion: Contestant | None) -> Decision:
    better = champion is None or np.mean(challenger.results) < np.mean(champion.results)
    return Decision(bool(better), "smaller error" if better else "no smaller error")


def release_files(context: Context[Any], model: Path, items: Sequence[Item]) -> Mapping[str, Path]:
    return {MODEL_FILE: model / MODEL_FILE}


CARD = Path(str(toy.__file__)).parent / "CARD.md"
TOY = Family(
    "toy",
    PLAN,
    material,
    examine,
    decide,
    release_files,
    CARD,
    reexamine=answers,
)
