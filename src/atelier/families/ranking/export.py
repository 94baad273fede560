"""From a trained ranker to the files that are registered: safetensors, and two ONNX graphs for serving."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from atelier.families.network_files import export_onnx, save_network
from atelier.families.ranking.inference import (
    CONTRACT_FILE,
    OUTPUT,
    SET_FILE,
    SET_INPUTS,
    USER_FILE,
    USER_INPUTS,
    RankingContract,
)
from atelier.families.ranking.model import RankingNetwork

WEIGHTS_FILE, CONFIG_FILE = "ranker.safetensors", "network.json"
FILES = (WEIGHTS_FILE, CONFIG_FILE, USER_FILE, SET_FILE, CONTRACT_FILE)
"""What a model version holds beside its card."""
_PLACES = 4


def export_network(
    network: RankingNetwork, files_dir: Path, *, longest_history: int, vectors_digest: str
) -> RankingContract:
    """Write `FILES` into `files_dir`; batches and places are free in both graphs."""
    config = network.config
    save_network(network, config, files_dir / WEIGHTS_FILE, files_dir / CONFIG_FILE)
    items = config.items
    user = (torch.zeros(2, items.summary_width + 1), torch.zeros(2, dtype=torch.long))
    pieces = (
        torch.randn(2, _PLACES, items.vector_dimension),
        torch.zeros(2, _PLACES, len(items.fact_sizes), dtype=torch.long),
        torch.zeros(2, _PLACES, 2),
        torch.ones(2, _PLACES),
    )
    contract = RankingContract(
        user_digest=_export(network.users, user, USER_INPUTS, files_dir / USER_FILE, ("users",)),
        set_digest=_export(network.sets, pieces, SET_INPUTS, files_dir / SET_FILE, ("sets", "places")),
        items=items,
        dimension=config.dimension,
        num_buckets=config.num_buckets,
        longest_history=longest_history,
        vectors_digest=vectors_digest,
    )
    (files_dir / CONTRACT_FILE).write_text(contract.to_json() + "\n")
    return contract


def _export(
    tower: nn.Module, example: tuple[Tensor, ...], names: tuple[str, ...], path: Path, free: tuple[str, ...]
) -> str:
    """Trace one tower; `free` names the leading axes of its inputs. Returns the file's sha256."""
    axes = {name: dict(enumerate(free)) for name in names} | {OUTPUT: {0: free[0]}}
    return export_onnx(tower, path, dict(zip(names, example, strict=True)), [OUTPUT], axes)
