"""Defines the types of the index: its contract, its rows, and the name of a published version.

B = batch, D = embedding, R = relevance embedding
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
"""The one logical index there is so far; its tables are called `catalogue-<contract>-f<format>`."""
FORMAT = 3
"""Layout of an index table. A change to its columns needs a new number, and so makes a new table."""
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
    """An encoder's outputs for B pictures."""

    vectors: NDArray[np.float32]
    """[B, D], unit rows."""
    thumbnails: list[bytes]
    """B JPEG pictures, at most 256 pixels high and wide."""
    relevance: NDArray[np.float32] | None = None
    """[B, R], unit rows; exactly where the contract has a `relevance_dimension`."""


Embed = Callable[[Sequence[str]], Embedded]
"""The seam between the index and whoever has pictures and a model: digests of pictures in, `Embedded` out."""


@dataclass(frozen=True)
class IndexVersion:
    """One immutable, searchable state of the catalogue. A release names exactly one."""

    name: str
    """The logical index: 'catalogue'."""
    table: str
    """The LanceDB table: one for each embedding contract."""
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
    withdrawn: str = ""
    """Digest of the item ids that were withheld when it was built; empty where there were none, 'incomplete'
    where it may lack more than is withdrawn now."""


@dataclass(frozen=True)
class ContractText:
    """An embedding contract as the index stores it: opaque text with a digest and a dimension.

    The text is `EmbeddingContract.space_json()`; the index compares it and never interprets a picture by it.
    """

    text: str

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def dimension(self) -> int:
        """D. EmbeddingContractError: the text does not contain it."""
        dimension = self._number("dimension")
        if dimension < 1:
            raise EmbeddingContractError(
                f"an embedding has at least 1 dimension, the contract says {dimension}"
            )
        return dimension

    @cached_property
    def relevance_dimension(self) -> int:
        """R of the second vector, by which the first hundred are re-ranked; 0 where there is none."""
        dimension = self._number("relevance_dimension", 0)
        if dimension < 0:
            raise EmbeddingContractError(
                f"relevance_dimension: expected at least 0, the contract says {dimension}"
            )
        return dimension

    def _number(self, name: str, default: int | None = None) -> int:
        try:
            values = json.loads(self.text)
            return int(values[name] if default is None else values.get(name, default))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise EmbeddingContractError(
                f"an embedding contract is a JSON object with a {name!r}, this is {self.text[:80]!r}"
            ) from error


def picture_schema(contract: ContractText) -> pa.Schema:
    """Return the columns that depend on a picture and a model alone.

    The relevance vector is kept in half precision: it only puts a hundred candidates in order.
    """
    columns = [
        pa.field("picture_sha256", pa.string(), nullable=False),
        pa.field("vector", pa.list_(pa.float32(), contract.dimension), nullable=False),
        pa.field("thumbnail", pa.binary(), nullable=False),
    ]
    if contract.relevance_dimension:
        kind = pa.list_(pa.float16(), contract.relevance_dimension)
        columns.append(pa.field("relevance", kind, nullable=False))
    return pa.schema(columns)


def facts_schema() -> pa.Schema:
    """Return the columns of the catalogue's attributes."""
    hints = {field.name: field.type for field in fields(Item)}
    return pa.schema(
        [
            pa.field(name, _NUMBERS.get(name, pa.string()), nullable="None" in str(hints[name]))
            for name in FACTS
        ]
    )


def table_schema(contract: ContractText) -> pa.Schema:
    """Return the schema of an index table: attributes and picture columns; its metadata holds the
    contract.
    """
    return pa.schema([*facts_schema(), *picture_schema(contract)], metadata={"contract": contract.text})


def wanted_rows(items: Sequence[IndexItem]) -> pa.Table:
    """Return attributes and `picture_sha256` of every item, in the given order: the rows of a version."""
    facts = zip(*(_facts_of(row.item) for row in items), strict=True)
    columns = [pa.array(column, field.type) for column, field in zip(facts, facts_schema(), strict=True)]
    pictures = pa.array([row.picture_sha256 for row in items], pa.string())
    return pa.table([*columns, pictures], names=[*FACTS, "picture_sha256"])


def content_key(rows: pa.Table, contract: ContractText, data_version: str, withdrawn: str) -> str:
    """Hash to 16 hexadecimal digits: equal keys mean equal rows, contract, data version and withheld ids.

    `rows` are as of `wanted_rows`, in order of item id.
    """
    digest = hashlib.sha256(json.dumps([FORMAT, contract.digest, data_version, withdrawn]).encode())
    columns = rows.select([*FACTS, "picture_sha256"]).combine_chunks()
    for batch in columns.to_batches(max_chunksize=4_096):
        digest.update(json.dumps(batch.to_pydict()).encode())
    return digest.hexdigest()[:16]


def _facts_of(item: Item) -> list[str | int | float | None]:
    return [getattr(item, name) for name in FACTS]
