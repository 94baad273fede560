"""The nouns of the index: what goes into it, what a published version of it is called, how a row looks.

B = batch, D = embedding
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from atelier.errors import EmbeddingContractError
from atelier.vocabulary import Item

CATALOGUE = "catalogue"
"""The one logical index there is so far; its tables are called `catalogue-<key>`."""
FORMAT = 1
"""Layout of an index table. A change to its columns needs a new number: tables are reused by content."""
FACTS = tuple(field.name for field in fields(Item) if field.name != "split")
"""The columns of `Item` that an index carries; `split` is the training's business."""

_NUMBERS = {
    "year": pa.int32(),
    "price": pa.float64(),
    "rating": pa.float64(),
    "num_reviews": pa.int64(),
    "stock": pa.int64(),
}


@dataclass(frozen=True, slots=True)
class IndexItem:
    """One item that can be found, and the picture it is found by."""

    item: Item
    picture_sha256: str
    """Digest of the stored bytes of its catalogue photo, which is embedded once, whoever shows it."""


@dataclass(frozen=True)
class Embedded:
    """What an encoder made of B pictures."""

    vectors: NDArray[np.float32]
    """[B, D], unit rows."""
    thumbnails: list[bytes]
    """B JPEG pictures, at most 256 pixels high and wide."""


Embed = Callable[[Sequence[str]], Embedded]
"""The seam between the index and whoever has pictures and a model: digests of pictures in, `Embedded` out."""


@dataclass(frozen=True)
class IndexVersion:
    """One immutable, searchable state of the catalogue. A release names exactly one."""

    name: str
    """The logical index: 'catalogue'."""
    table: str
    """The LanceDB table, named by the digest of its content."""
    version: int
    """The Lance version inside that table."""
    rows: int
    contract_digest: str
    """`EmbeddingContract.digest` of the model whose vectors these are."""
    data_version: str
    created_at: str
    """ISO 8601, UTC."""
    search: Literal["flat", "ivf_rq"]
    """How the table itself finds neighbours: by looking at every row, or through an approximate index."""


@dataclass(frozen=True)
class ContractText:
    """An embedding contract as the index sees it: opaque text with a digest and a dimension.

    The text is `EmbeddingContract.to_json()`; the index compares it and never interprets a picture by it.
    """

    text: str

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def dimension(self) -> int:
        """D. EmbeddingContractError: the text does not say."""
        try:
            dimension = int(json.loads(self.text)["dimension"])
        except (ValueError, TypeError, KeyError) as error:
            raise EmbeddingContractError(
                f"an embedding contract is a JSON object with a 'dimension', this is {self.text[:80]!r}"
            ) from error
        if dimension < 1:
            raise EmbeddingContractError(
                f"an embedding has at least 1 dimension, the contract says {dimension}"
            )
        return dimension


def picture_schema(dimension: int) -> pa.Schema:
    """Columns that come from a picture and a model alone."""
    return pa.schema(
        [
            pa.field("picture_sha256", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dimension), nullable=False),
            pa.field("thumbnail", pa.binary(), nullable=False),
        ]
    )


def facts_schema() -> pa.Schema:
    """Columns that come from the catalogue."""
    hints = {field.name: field.type for field in fields(Item)}
    return pa.schema(
        [
            pa.field(name, _NUMBERS.get(name, pa.string()), nullable="None" in str(hints[name]))
            for name in FACTS
        ]
    )


def table_schema(contract: ContractText, data_version: str, created_at: str) -> pa.Schema:
    """An index table: facts and picture columns; the contract and the origin ride in its metadata."""
    columns = [*facts_schema(), *picture_schema(contract.dimension)]
    return pa.schema(
        columns,
        metadata={"contract": contract.text, "data_version": data_version, "created_at": created_at},
    )


def content_key(items: Sequence[IndexItem], contract: ContractText, data_version: str) -> str:
    """16 hexadecimal digits that name a table: equal keys mean equal rows, contract and data version."""
    digest = hashlib.sha256(json.dumps([FORMAT, contract.digest, data_version]).encode())
    for row in items:
        digest.update(json.dumps([row.picture_sha256, *facts_of(row.item)]).encode())
    return digest.hexdigest()[:16]


def facts_of(item: Item) -> list[str | int | float | None]:
    """The values of `FACTS`."""
    return [getattr(item, name) for name in FACTS]
