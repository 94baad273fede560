"""The ranker that feeds are made with now."""

from __future__ import annotations

from pathlib import Path

from atelier.families.ranking.inference import CONTRACT_FILE, OnnxRanker, RankingContract
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry

FAMILY = "ranking"
"""Name of the experiment, of the registered model, and of the model's entry in a release."""
SPACE = "space"
"""Tag of a version: digest of the embedding contract that its items' vectors were made by."""


def champion_ranker(registry: Registry, space: str) -> ModelVersion | None:
    """The champion, if it can read item vectors of `space`; None while there is none that can.

    `space`: `EmbeddingContract.digest` of the retrieval model. A new space makes every ranker of the old one
    useless: the next training makes a first one again.
    """
    champion = registry.version(FAMILY, "champion")
    return champion if champion is not None and champion.tags.get(SPACE) == space else None


def ranker_in(folder: Path, threads: int = 2) -> OnnxRanker:
    """The ranker among a version's or a release's files. DigestError, RegistryError: see there."""
    contract = RankingContract.from_json((folder / CONTRACT_FILE).read_bytes())
    return OnnxRanker(folder, contract, threads)
