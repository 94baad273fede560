"""Catalogue in, index version out: embeds only what changed, and can be killed at any moment.

The vectors come first, batch by batch, into `PictureStore`; the published table is then written in one step
from there, under a name made of its content. A second run finds the batches, or the whole table, and goes on.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from atelier.errors import CatalogueIndexError
from atelier.index.pictures import PictureStore
from atelier.index.schema import (
    CATALOGUE,
    ContractText,
    Embed,
    IndexItem,
    IndexVersion,
    content_key,
    facts_of,
    facts_schema,
    table_schema,
)
from atelier.index.store import connect, find_table

if TYPE_CHECKING:
    from lancedb.table import Table

    from atelier.settings import Settings

APPROXIMATE_FROM = 50_000
"""From this many rows on, a table gets an IVF_RQ index; below, every row is looked at."""
_ROWS_AT_ONCE = 2_048

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Build:
    """A built index, not yet verified, and what it cost."""

    version: IndexVersion
    embedded: int
    """Pictures that went through the encoder."""
    reused: int
    """Pictures whose vectors were there already, from an earlier index or from a run that was killed."""


def build(
    settings: Settings,
    items: Sequence[IndexItem],
    embed: Embed,
    *,
    contract_json: str,
    data_version: str,
    approximate_from: int = APPROXIMATE_FROM,
    progress: bool = True,
) -> Build:
    """Build the index of `items` under an embedding contract, or find that it is built already.

    `embed` gets up to `KEEP_EVERY` digests of pictures at a time, only of those never embedded under this
    contract; `contract_json` is `EmbeddingContract.to_json()`. The result is not visible to anybody:
    `verify` it, then name it in a release. One build at a time (`release.store.publishing`).
    Raises CatalogueIndexError for a catalogue that cannot be indexed, IndexRejected for an encoder that does
    not return unit vectors.
    """
    contract = ContractText(contract_json)
    rows = _ordered(items)
    pictures = [row.picture_sha256 for row in rows]
    db = connect(settings)
    name = f"{CATALOGUE}-{content_key(rows, contract, data_version)}"
    embedded = 0
    table = find_table(db, name)
    if table is None:
        store = PictureStore(db, contract)
        embedded = store.embed_missing(pictures, embed, progress=progress)
        schema = table_schema(contract, data_version, datetime.now(UTC).isoformat(timespec="seconds"))
        # One commit: until it is made, the table does not exist for any reader.
        table = db.create_table(
            name, pa.RecordBatchReader.from_batches(schema, _batches(rows, store, schema)), schema=schema
        )
    _index_if_large(table, approximate_from)
    version = _describe(table, contract, data_version)
    log.info("index %s: %d rows, search %s, %d embedded", name, version.rows, version.search, embedded)
    return Build(version, embedded=embedded, reused=len(set(pictures)) - embedded)


def _ordered(items: Sequence[IndexItem]) -> list[IndexItem]:
    """By item id: equal catalogues make equal tables, and ties are broken in the same way everywhere."""
    if not items:
        raise CatalogueIndexError(
            "the catalogue has no item with a picture; expected at least one. Ingest a drop."
        )
    rows = sorted(items, key=lambda row: row.item.item_id)
    for before, after in itertools.pairwise(rows):
        if before.item.item_id == after.item.item_id:
            raise CatalogueIndexError(f"item {after.item.item_id!r} is there twice; expected every id once")
    return rows


def _batches(rows: Sequence[IndexItem], store: PictureStore, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    position = store.positions()
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chunk = rows[start : start + _ROWS_AT_ONCE]
        facts = zip(*(facts_of(row.item) for row in chunk), strict=True)
        columns = [pa.array(column, field.type) for column, field in zip(facts, facts_schema(), strict=True)]
        pictures = store.take([position[row.picture_sha256] for row in chunk]).combine_chunks()
        columns += [pictures[name].combine_chunks() for name in ("picture_sha256", "vector", "thumbnail")]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _index_if_large(table: Table, approximate_from: int) -> None:
    from lancedb.index import IvfRq

    if table.count_rows() < approximate_from or table.list_indices():
        return
    table.create_index("vector", config=IvfRq(distance_type="cosine"))
    stats = table.index_stats("vector_idx")
    if stats is None or stats.num_indexed_rows != table.count_rows():
        raise CatalogueIndexError(
            f"{table.name}: expected all {table.count_rows():,} rows indexed, seen {stats}"
        )


def _describe(table: Table, contract: ContractText, data_version: str) -> IndexVersion:
    return IndexVersion(
        name=CATALOGUE,
        table=table.name,
        version=table.version,
        rows=table.count_rows(),
        contract_digest=contract.digest,
        data_version=data_version,
        created_at=table.schema.metadata[b"created_at"].decode(),
        search="ivf_rq" if table.list_indices() else "flat",
    )
