"""Loads a ranker and checks it against the retrieval champion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atelier.families.ranking.inference import CONTRACT_FILE, OnnxRanker, RankingContract
from atelier.jobs.retrieval.embedder import catalogue_embedder
from atelier.lifecycle.context import Context
from atelier.registry.models import ModelVersion

FAMILY = "ranking"
"""Name of the experiment, of the registered model, and of the folder in a release."""
SPACE = "space"
"""Tag of a version: digest of the embedding contract that its items' vectors were made by."""


def fits(context: Context[Any], champion: ModelVersion) -> bool:
    """Check that a ranker reads item vectors of the retrieval champion's space.

    A new space makes every ranker of the old one useless: the next training makes a first one again.
    """
    return champion.tags.get(SPACE) == context.once(catalogue_embedder).contract.digest


def ranker_in(folder: Path, threads: int = 2) -> OnnxRanker:
    """Load the ranker among a version's or a release's files. DigestError, RegistryError: see there."""
    contract = RankingContract.from_json((folder / CONTRACT_FILE).read_bytes())
    return OnnxRanker(folder, contract, threads)
