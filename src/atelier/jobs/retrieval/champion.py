"""The retrieval model that searches are made with now."""

from __future__ import annotations

from pathlib import Path

from atelier.families.retrieval.inference import CONTRACT_FILE, EmbeddingContract, Encoder

FAMILY = "retrieval"
"""Name of the experiment, of the registered model, and of the folder in a release."""


def encoder_in(folder: Path, name: str = "student", threads: int = 2) -> Encoder:
    """Load the encoder among a version's or a run's files. DigestError, EmbeddingContractError: see
    `Encoder`.
    """
    contract = EmbeddingContract.from_json((folder / CONTRACT_FILE).read_bytes())
    return Encoder(folder / f"{name}.onnx", contract, threads)
