"""Runs the served generator without torch: items -> vectors, partial sets -> vectors of the missing piece.

N = items, B = sets, P = places, D = vector, I, T, C = picture, title, colours, F = facts
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.errors import OutfitContractError
from atelier.families.contract import Contract
from atelier.families.onnx_file import open_session
from atelier.families.outfit.table import ItemTable

MODEL_FILE, ITEMS_FILE, CONTRACT_FILE = "generator.onnx", "items.onnx", "outfit.json"
TOWER_FILE, TOWER_CONTRACT_FILE = "tower.onnx", "tower.json"
"""An image tower of its own and its embedding contract, of a model that was trained end to end."""
ITEM_VECTORS_FILE, RULES_FOLDER = "outfit-items.parquet", "rules"
"""What a release holds besides."""
PIECES, KNOWN, QUERY = "pieces", "known", "query"
ITEM_INPUTS, VECTOR = ("image", "title", "colour", "codes"), "vector"
_AT_ONCE = 8192


@dataclass(frozen=True)
class OutfitContract(Contract):
    """Inputs and outputs of a version's files, and the embedding space they belong to."""

    description: ClassVar[str] = "the contract of an outfit model"
    error: ClassVar = OutfitContractError
    sorts_keys: ClassVar[bool] = False
    generator_digest: str
    items_digest: str
    kind: str
    """'dan', 'lstm' or 'transformer'."""
    dimension: int
    image_dimension: int
    title_dimension: int
    colour_dimension: int
    facts: Mapping[str, tuple[str, ...]]
    """The values that are known of each fact, in the order of the network's; any other is not known."""
    space: str
    """Digest of the embedding contract under which pictures and titles were embedded; '' without these."""

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """See `Contract`."""
        return fields | {"facts": {fact: tuple(known) for fact, known in fields["facts"].items()}}


class ItemEncoder:
    """The item tower on ONNX Runtime. Safe to share by threads."""

    def __init__(self, folder: Path, contract: OutfitContract, threads: int = 2) -> None:
        """DigestError: the file is another one. OutfitContractError: ONNX Runtime cannot load it."""
        path = folder / ITEMS_FILE
        self.contract = contract
        self._session = open_session(path, contract.items_digest, threads, OutfitContractError)
        self._inputs = {each.name for each in self._session.get_inputs()}

    def encode(self, items: ItemTable) -> NDArray[np.float32]:
        """Compute unit rows [N, D]."""
        found = [np.zeros((0, self.contract.dimension), np.float32)]
        for start in range(0, len(items), _AT_ONCE):
            parts = zip(ITEM_INPUTS, (part[start : start + _AT_ONCE] for part in items.columns), strict=True)
            given = {name: part for name, part in parts if name in self._inputs}
            found += self._session.run([VECTOR], given)
        return np.concatenate(found)


class OnnxGenerator:
    """A generator of any kind on ONNX Runtime, a `questions.Generator`. Safe to share by threads."""

    def __init__(self, folder: Path, contract: OutfitContract, threads: int = 1) -> None:
        """DigestError: the file is another one. OutfitContractError: ONNX Runtime cannot load it."""
        path = folder / MODEL_FILE
        self._session = open_session(path, contract.generator_digest, threads, OutfitContractError)

    def queries(self, pieces_BPD: NDArray[np.float32], num_B: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute unit rows [B, D] near the items that complete the first `num_B` pieces of each set."""
        known_BP = (np.arange(pieces_BPD.shape[1]) < num_B[:, None]).astype(np.int64)
        found: NDArray[np.float32] = self._session.run([QUERY], {PIECES: pieces_BPD, KNOWN: known_BP})[0]
        return found


class OutfitModel(NamedTuple):
    """The networks and values of a version's or a release's files."""

    contract: OutfitContract
    items: ItemEncoder
    generator: OnnxGenerator


def load_model(folder: Path, threads: int = 2) -> OutfitModel:
    """Load the networks in a folder. DigestError, OutfitContractError: they are not those of its contract."""
    contract = OutfitContract.from_json((folder / CONTRACT_FILE).read_bytes())
    return OutfitModel(
        contract, ItemEncoder(folder, contract, threads), OnnxGenerator(folder, contract, threads)
    )
