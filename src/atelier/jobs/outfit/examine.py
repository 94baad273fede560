"""Answers questions about sets with an outfit model, for examination, gate and evaluation.

N = items, D = vector, Q = questions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.families.outfit.inference import OnnxGenerator, OutfitModel
from atelier.families.outfit.material import SetMaterial
from atelier.families.outfit.questions import hits_of, queries_of, scores_of
from atelier.families.outfit.validation import Validation, answer
from atelier.jobs.outfit.material import load_sets
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.lifecycle.context import Context
from atelier.settings import Settings
from atelier.vocabulary import Split


@dataclass(frozen=True)
class OutfitExam:
    """The answers and metrics of one model."""

    material: SetMaterial
    vectors_ND: NDArray[np.float32]
    generator: OnnxGenerator
    asked: Mapping[str, Validation]
    metrics: dict[str, float]
    """By source: 'worn/fill_in_the_blank'."""
    hits: Mapping[str, NDArray[np.bool_]]
    """Source -> which blanks were filled rightly."""

    def scores(self, context: Sequence[int], candidates_K: NDArray[np.int64]) -> NDArray[np.float32]:
        """Score each candidate as completion of a set of items, all named by their rows."""
        query_1D = queries_of(self.generator, self.vectors_ND, np.asarray([context]))
        return self.vectors_ND[candidates_K] @ query_1D[0]

    def as_results(self) -> dict[str, Any]:
        """Serialise the results that a comparison of two models needs."""
        return {"hits": {source: own.tolist() for source, own in self.hits.items()}}


def examine(
    settings: Settings,
    catalogue: Catalogue,
    embedder: CatalogueEmbedder,
    model: OutfitModel,
    data_version: str,
    split: Split = Split.TEST,
    *,
    progress: bool = True,
) -> OutfitExam:
    """Run the questions about the sets of a split; they are the same for every model of a data version."""
    material = load_sets(settings, catalogue, embedder, data_version, progress, facts=model.contract.facts)
    return run_exam(material, model, material.validation(split, most=None))


def ask(context: Context[Any], embedder: CatalogueEmbedder, model: OutfitModel) -> OutfitExam:
    """Run the current test questions on a model, its items embedded by `embedder`."""
    return examine(
        context.settings,
        embedder.catalogue,
        embedder,
        model,
        context.data_version,
        progress=context.progress,
    )


def run_exam(material: SetMaterial, model: OutfitModel, asked: Mapping[str, Validation]) -> OutfitExam:
    """Answer questions about the material's items."""
    generator = model.generator
    vectors_ND = model.items.encode(material.items)
    metrics: dict[str, float] = {}
    hits: dict[str, NDArray[np.bool_]] = {}
    for source, own in asked.items():
        metrics |= {f"{source}/{name}": value for name, value in answer(generator, vectors_ND, own).items()}
        metrics[f"{source}/num_questions"] = float(len(own.blanks))
        if len(own.blanks):
            queries_QD = queries_of(generator, vectors_ND, own.blanks.rows_QP)
            hits[source] = hits_of(scores_of(queries_QD, own.blanks.answers_QA, vectors_ND))
    return OutfitExam(material, vectors_ND, generator, asked, metrics, hits)
