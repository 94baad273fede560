"""Builds the training of the ranking family: one ranker, on showings in the order of time.

N = showings, S = sets
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import torch

from atelier.families.ranking.config import ItemConfig, RankingPreset
from atelier.families.ranking.export import export_network
from atelier.families.ranking.inference import VALUES_FILE, RankingContract, read_values, write_values
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.sets import Sets
from atelier.families.ranking.showings import Showings
from atelier.families.ranking.task import RankingModule, RankingTask
from atelier.families.training import Training, Weights
from atelier.vocabulary import Outfit, Split


@dataclass(frozen=True)
class Description:
    """Encoding of items and users for a ranker, fixed by its training."""

    values: Mapping[str, tuple[str, ...]]
    """The known values of each attribute; any other counts as not known."""
    items: ItemConfig
    longest_history: int
    num_buckets: int

    def write(self, folder: Path) -> None:
        """Write the part that the contract does not hold."""
        write_values(folder / VALUES_FILE, self.values)

    @classmethod
    def read(cls, folder: Path, contract: RankingContract) -> Description:
        """Read that of a registered ranker. RankingContractError: the values are not its contract's."""
        values = read_values(folder / VALUES_FILE, contract)
        return cls(values, contract.items, contract.longest_history, contract.num_buckets)


@dataclass(frozen=True, eq=False)
class RankingMaterial:
    """Sets and showings as one ranker takes them."""

    description: Description
    outfits: tuple[Outfit, ...]
    """Those of `sets`, row by row."""
    sets: Sets
    parts: Mapping[Split, Showings]
    user_ids: tuple[str, ...]
    """By the number that showings have for them."""
    test_begins: datetime
    num_unlogged: int
    """Showings without a propensity."""
    space: str
    """Digest of the embedding contract of the items' vectors."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Count showings, clicks and users of each split."""
        return {
            str(split): {
                "showings": len(shown),
                "clicks": int(shown.clicked_N.sum()),
                "users": len(np.unique(shown.user_N)),
            }
            for split, shown in self.parts.items()
        }


def ranker_training(
    material: RankingMaterial, preset: RankingPreset, weights: Weights, device: torch.device
) -> Training:
    """Prepare the training of the preset's ranker."""
    del weights, device  # it has no teacher, and the engine moves the rest
    preset = preset.for_items(material.description.items)
    torch.manual_seed(preset.schedule.seed)
    network = RankingNetwork(preset.config.network)
    module = RankingModule(network, preset.config.loss)

    def write(folder: Path) -> None:
        longest = material.description.longest_history
        export_network(network, folder, longest_history=longest, vectors_digest=material.space)
        material.description.write(folder)

    counts = material.counts()
    return Training(
        task=RankingTask(module, material.sets, material.parts[Split.VALIDATION]),
        examples=material.parts[Split.TRAIN],
        schedule=preset.schedule,
        write=write,
        figures={f"{name}/{split}": float(num) for split, own in counts.items() for name, num in own.items()},
    )
