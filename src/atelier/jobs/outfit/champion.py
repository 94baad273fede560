"""Checks the champion outfit model against the retrieval champion."""

from __future__ import annotations

from typing import Any

from atelier.families.outfit.inference import CONTRACT_FILE, OutfitContract
from atelier.jobs.retrieval.embedder import catalogue_embedder
from atelier.lifecycle.context import Context
from atelier.registry.models import ModelVersion

FAMILY = "outfit"
"""Name of the experiment, of the registered model, and of the folder in a release."""


def fits(context: Context[Any], champion: ModelVersion) -> bool:
    """Check that a model's item vectors are of the retrieval champion's space."""
    contract = OutfitContract.from_json((context.use(champion).folder / CONTRACT_FILE).read_bytes())
    return contract.space == context.once(catalogue_embedder).contract.digest
