"""Connects to the index tables: opens a pinned version and reads its rows.

One table holds every state of the catalogue under one embedding contract, as Lance versions (`states.py`). A
build adds a version and so never touches what is being served; a roll-back needs no rewriting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from atelier.errors import CatalogueIndexError, QueryError
from atelier.index.schema import FACTS, ContractText, IndexVersion
from atelier.index.states import verified
from atelier.places import plain

if TYPE_CHECKING:
    from lance import LanceDataset
    from lancedb.db import DBConnection
    from lancedb.table import Table

    from atelier.settings import Settings

_REBUILD = "Roll back, or write it anew with `atelier publish --rebuild`."


def connect(settings: Settings) -> DBConnection:
    """Open the database that holds all indexes. Importing LanceDB takes seconds, hence only here."""
    import lancedb

    uri = settings.lancedb_uri
    return lancedb.connect(uri if "://" in uri else str(plain(Path(uri))))


def find_table(db: DBConnection, name: str) -> Table | None:
    """Open a table at its newest version; None where there is none, or a killed writer's leftovers."""
    try:
        return db.open_table(name)
    except ValueError as error:
        if "was not found" in str(error):
            return None
        raise


def open_version(settings: Settings, version: IndexVersion) -> Table:
    """Open the table of a version, pinned: later writes are not seen.

    CatalogueIndexError: it is gone, or it is not what `version` says.
    """
    table = find_table(connect(settings), version.table)
    if table is None:
        raise CatalogueIndexError(
            f"index {version.table} is gone from {settings.lancedb_uri}. A release keeps its index until it "
            f"is collected; `atelier publish` builds it again."
        )
    try:
        table.checkout(version.version)
    except ValueError as error:
        raise CatalogueIndexError(
            f"index {version.table} has no version {version.version} any more (the newest is "
            f"{table.version}). {_REBUILD}"
        ) from error
    _check_identity(table, version)
    return table


@dataclass(frozen=True)
class Rows:
    """All rows of one version in memory, in order of item id, whatever their order in the table."""

    facts: pa.Table
    """The columns `FACTS` and `picture_sha256`."""
    vectors_ND: NDArray[np.float32]
    relevance_NR: NDArray[np.float16] | None
    """The second vectors, where the contract has them."""
    read_thumbnail: Callable[[int], bytes]
    """Reads the JPEG of a row from the table, which stays pinned."""


def read_rows(table: Table) -> Rows:
    """Read a pinned table, thumbnails aside: 4 D + 2 R bytes an item, and its facts."""
    dataset, contract = table.to_lance(), contract_of(table)
    vectors = ["vector", "relevance"] if contract.relevance_dimension else ["vector"]
    loaded = _columns(dataset, [*FACTS, "picture_sha256", *vectors])
    order = pc.sort_indices(loaded["item_id"]).to_numpy()
    return Rows(
        facts=loaded.drop_columns(vectors).take(pa.array(order)).combine_chunks(),
        vectors_ND=matrix_of(loaded["vector"], contract.dimension)[order],
        relevance_NR=(
            matrix_of(loaded["relevance"], contract.relevance_dimension)[order]
            if contract.relevance_dimension
            else None
        ),
        read_thumbnail=lambda row: dataset.take([int(order[row])], columns=["thumbnail"])["thumbnail"][
            0
        ].as_py(),
    )


def read_facts(settings: Settings, version: IndexVersion, where: str | None = None) -> pa.Table:
    """Read the columns `FACTS` of a version's items, in order of item id; of those that meet an SQL
    condition.

    QueryError: the condition is wrong, or no item meets it. CatalogueIndexError: the version is gone.
    """
    dataset = open_version(settings, version).to_lance()
    try:
        facts = _columns(dataset, FACTS, where)
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise QueryError(
            f"pool: expected a condition on {', '.join(FACTS)}, such as \"gender = 'Women' AND price < 80\"; "
            f"{where!r} is none: {reason}"
        ) from error
    if not facts.num_rows:
        raise QueryError(f"pool: no item of index {version.table} meets {where!r}")
    return facts.take(pc.sort_indices(facts["item_id"])).combine_chunks()


def read_relevance(
    settings: Settings, version: IndexVersion, where: str | None = None
) -> NDArray[np.float16]:
    """Read the relevance vectors [N, R] of the items of `read_facts`, in the same order.

    CatalogueIndexError: the version is gone, or its contract has no such vectors.
    """
    table = open_version(settings, version)
    dimension = contract_of(table).relevance_dimension
    if not dimension:
        raise CatalogueIndexError(f"index {version.table} has no relevance vectors. {_REBUILD}")
    rows = _columns(table.to_lance(), ["item_id", "relevance"], where)
    return matrix_of(rows["relevance"], dimension)[pc.sort_indices(rows["item_id"]).to_numpy()]


def require_verified(settings: Settings, version: IndexVersion) -> None:
    """Raise CatalogueIndexError unless the version opens and `verify` passed it."""
    passed = verified(open_version(settings, version).to_lance())
    if version.version not in passed:
        raise CatalogueIndexError(
            f"index {version.table} version {version.version} was never verified (verified: "
            f"{sorted(passed)}); `atelier publish` publishes only what it verified."
        )


def seems_present(settings: Settings, version: IndexVersion) -> bool:
    """Check whether a version's manifest exists, without importing LanceDB, which takes seconds.

    Only opening a table tells whether it is sound, and for a remote store whether it is there at all: there,
    the answer is yes.
    """
    if "://" in settings.lancedb_uri:
        return True
    manifests = Path(settings.lancedb_uri) / f"{version.table}.lance" / "_versions"
    # Lance counts these names backwards, so that the newest is listed first; it once counted forwards.
    names = (f"{2**64 - 1 - version.version:020d}.manifest", f"{version.version}.manifest")
    return any((manifests / name).is_file() for name in names)


def rows_by_item(settings: Settings, version: IndexVersion) -> dict[str, tuple[object, ...]]:
    """Map each item id to its attributes and the digest of its picture, to compare two versions.

    CatalogueIndexError: the version is gone.
    """
    table = open_version(settings, version)
    columns = _columns(table.to_lance(), [*FACTS, "picture_sha256"]).to_pydict()
    return dict(zip(columns["item_id"], zip(*columns.values(), strict=True), strict=True))


def _columns(dataset: LanceDataset, names: Sequence[str], where: str | None = None) -> pa.Table:
    """Columns of a table in this order; facts that it is too old to know are not known of any row."""
    there = set(dataset.schema.names)
    loaded = dataset.to_table(columns=[name for name in names if name in there], filter=where)
    for name in names:
        if name not in there:
            loaded = loaded.append_column(name, pa.nulls(loaded.num_rows, pa.string()))
    return loaded.select(list(names))


def contract_of(table: Table) -> ContractText:
    """Return the embedding contract of a table."""
    return ContractText(table.schema.metadata[b"contract"].decode())


def matrix_of(column: pa.ChunkedArray, dimension: int) -> NDArray[Any]:
    """Return a column of vectors as [N, dimension], in the column's own precision."""
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    matrix: NDArray[Any] = flat.reshape(-1, dimension)
    return matrix


def _check_identity(table: Table, version: IndexVersion) -> None:
    contract, rows = contract_of(table), table.count_rows()
    if (contract.digest, rows) != (version.contract_digest, version.rows):
        raise CatalogueIndexError(
            f"index {version.table} version {version.version}: expected {version.rows:,} rows under contract "
            f"{version.contract_digest[:12]}, seen {rows:,} rows under {contract.digest[:12]}. It was "
            f"changed from outside. {_REBUILD}"
        )
