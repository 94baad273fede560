"""Builds an index version from the catalogue: embeds and writes only what changed, and may be interrupted.

The vectors come first, batch by batch, into `PictureStore`; then the changed rows go into the table of the
embedding contract in one commit, from there. Nobody sees the new state until `verify` tagged it and a release
names it. A second run finds the batches, or the whole state, and goes on.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from atelier.errors import CatalogueIndexError
from atelier.index.changes import COMPARED, Changes, compare
from atelier.index.pictures import PictureStore, embedding, pictures_table_name
from atelier.index.schema import (
    FACTS,
    ContractText,
    Embed,
    IndexItem,
    IndexVersion,
    content_key,
    table_schema,
    wanted_rows,
)
from atelier.index.states import (
    VECTOR_INDEX,
    base_of,
    describe,
    find_state,
    go_on_from,
    has_vector_index,
    newest,
    sign,
    table_name,
    verified,
)
from atelier.index.store import connect, find_table, matrix_of, open_version
from atelier.index.text import index_titles

if TYPE_CHECKING:
    from lance import LanceDataset
    from lancedb.db import DBConnection
    from lancedb.table import Table

    from atelier.settings import Settings

APPROXIMATE_FROM = 50_000
"""From this many rows on, a table gets an IVF_RQ index; below, every row is looked at."""
REWRITE_FROM = 0.2
"""From this share of changed rows on, the table is written anew, in one commit too."""
_ROWS_AT_ONCE = 2_048

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Build:
    """A built index, not yet verified, and the cost of building it."""

    version: IndexVersion
    embedded: int
    """Pictures that went through the encoder."""
    reused: int
    """Pictures whose vectors were there already, from an earlier index or from a run that was killed."""
    changes: Changes | None = None
    """What differs from the last verified state; None where the table was written whole, or nobody knows."""
    seconds: dict[str, float] = field(default_factory=dict, compare=False)
    """Stage -> duration: `embed`, `write`."""


def embed_pictures(
    settings: Settings, items: Sequence[IndexItem], embed: Embed, contract_json: str, *, progress: bool = True
) -> int:
    """Embed the pictures without a vector under this contract, and store the vectors; returns their number.

    Needs no turn among publishers, so that a new model can embed a whole catalogue beside daily publications;
    `build` then finds the vectors. May be killed: it goes on after its last batch of `KEEP_EVERY`.
    """
    contract = ContractText(contract_json)
    with embedding(settings, pictures_table_name(contract.digest)):
        store = PictureStore(connect(settings), contract)
        return store.embed_missing([row.picture_sha256 for row in items], embed, progress=progress)


def kept_relevance(
    settings: Settings, items: Sequence[IndexItem], embed: Embed, contract_json: str, *, progress: bool = True
) -> NDArray[np.float32]:
    """Return relevance vectors [N, R] of items' pictures under a contract; missing ones are embedded."""
    embed_pictures(settings, items, embed, contract_json, progress=progress)
    contract = ContractText(contract_json)
    store = PictureStore(connect(settings), contract)
    position = store.positions()
    taken = store.take([position[row.picture_sha256] for row in items])
    return matrix_of(taken["relevance"], contract.relevance_dimension).astype(np.float32)


def build(
    settings: Settings,
    items: Sequence[IndexItem],
    embed: Embed,
    *,
    contract_json: str,
    data_version: str,
    withdrawn: str = "",
    approximate_from: int = APPROXIMATE_FROM,
    rebuild: bool = False,
    progress: bool = True,
) -> Build:
    """Build the index of `items` under an embedding contract, or find that it is built already.

    `embed` gets up to `KEEP_EVERY` digests of pictures at a time, only of those never embedded under this
    contract; `contract_json` is `EmbeddingContract.space_json()`. Only rows that differ from the last
    verified state of the same contract are written; `rebuild` writes all of them, for a table that was
    damaged. The result is not visible to anybody: `verify` it, then name it in a release. One build at a time
    (`release.store.publishing`). Raises CatalogueIndexError for a catalogue that cannot be indexed,
    IndexRejected for an encoder that does not return unit vectors.
    """
    contract = ContractText(contract_json)
    ordered = _ordered(items)
    num_pictures = len({row.picture_sha256 for row in ordered})
    started = time.perf_counter()
    embedded = embed_pictures(settings, ordered, embed, contract_json, progress=progress)
    wrote = time.perf_counter()
    wanted = wanted_rows(ordered)
    key = content_key(wanted, contract, data_version, withdrawn)
    db = connect(settings)
    table = find_table(db, table_name(contract))
    found = None if table is None or rebuild else find_state(newest(table), key)
    changes: Changes | None = None
    if table is not None and found is not None:
        is_sound = found in verified(newest(table))
        changes = Changes([], [], []) if is_sound else None
    else:
        table, changes = _write(db, table, wanted, contract, rebuild=rebuild)
        _bring_indexes_up_to_date(table, approximate_from)
        found = _sign(table, key, data_version, withdrawn)
    version = describe(table, found)
    seconds = {"embed": wrote - started, "write": time.perf_counter() - wrote}
    log.info(
        "index %s %d: %d rows, %s written, %d embedded",
        *(version.table, version.version, version.rows),
        "all" if changes is None else len(changes),
        embedded,
    )
    return Build(version, embedded, num_pictures - embedded, changes, seconds)


def build_without(
    settings: Settings, version: IndexVersion, item_ids: Sequence[str], withdrawn: str
) -> Build:
    """Build the same index without these items: one small commit, without model and catalogue.

    Ids that it does not have are no matter. CatalogueIndexError: the version is gone, or nothing would be
    left.
    """
    started = time.perf_counter()
    table = open_version(settings, version)
    before = table.to_lance().to_table(columns=COMPARED).sort_by("item_id")
    wanted = before.filter(_is_none_of(before["item_id"], item_ids))
    if not len(wanted):
        raise CatalogueIndexError(
            f"index {version.table} version {version.version} would be empty without these {len(item_ids):,} "
            f"items; expected at least one item to be left"
        )
    contract = ContractText(table.schema.metadata[b"contract"].decode())
    key = content_key(wanted, contract, version.data_version, withdrawn)
    found = find_state(newest(table), key)
    changes = compare(before, wanted)
    if found is None:
        _merge(go_on_from(newest(table), version.version), changes, pa.table({}), None)
        _bring_indexes_up_to_date(table, APPROXIMATE_FROM)
        found = _sign(table, key, version.data_version, withdrawn)
    seconds = {"write": time.perf_counter() - started}
    return Build(describe(table, found), 0, 0, changes, seconds)


def _ordered(items: Sequence[IndexItem]) -> list[IndexItem]:
    """By item id: equal catalogues make equal keys."""
    if not items:
        raise CatalogueIndexError(
            "the catalogue has no item with a picture; expected at least one. Ingest a drop."
        )
    rows = sorted(items, key=lambda row: row.item.item_id)
    for before, after in itertools.pairwise(rows):
        if before.item.item_id == after.item.item_id:
            raise CatalogueIndexError(f"item {after.item.item_id!r} is there twice; expected every id once")
    return rows


def _write(
    db: DBConnection, table: Table | None, wanted: pa.Table, contract: ContractText, *, rebuild: bool
) -> tuple[Table, Changes | None]:
    """A state with the wanted rows, and what differs from the last sound one; None: it was written whole."""
    store = PictureStore(db, contract)
    base = None if table is None or rebuild else base_of(newest(table))
    if table is not None and base is not None:
        changes = compare(newest(table).checkout_version(base).to_table(columns=COMPARED), wanted)
        if len(changes) < REWRITE_FROM * len(wanted):
            _merge(go_on_from(newest(table), base), changes, wanted, store)
            return table, changes
    schema = table_schema(contract)
    batches = pa.RecordBatchReader.from_batches(schema, _batches(wanted, store, schema))
    # One commit, also over what is there: readers and tags of older states do not notice.
    mode = "create" if table is None else "overwrite"
    return db.create_table(table_name(contract), batches, schema=schema, mode=mode), None


def _merge(dataset: LanceDataset, changes: Changes, wanted: pa.Table, store: PictureStore | None) -> None:
    """Delete, replace and insert what changed, in one commit; nothing changed, no commit."""
    if not len(changes):
        return
    schema = dataset.schema
    upserted = wanted.filter(_is_one_of(wanted["item_id"], changes.upserted)) if changes.upserted else None
    batches = _batches(upserted, store, schema) if upserted is not None and store else iter(())
    merge = dataset.merge_insert("item_id").when_matched_update_all().when_not_matched_insert_all()
    if changes.removed:
        ids = ", ".join("'" + item_id.replace("'", "''") + "'" for item_id in changes.removed)
        merge = merge.when_not_matched_by_source_delete(f"item_id IN ({ids})")
    seen = merge.execute(pa.RecordBatchReader.from_batches(schema, batches))
    expected = {
        "num_inserted_rows": len(changes.added),
        "num_updated_rows": len(changes.updated),
        "num_deleted_rows": len(changes.removed),
    }
    if {name: seen[name] for name in expected} != expected:
        raise CatalogueIndexError(
            f"{dataset.uri}: expected the merge to do {expected}, seen {seen}. Nothing of it is visible; "
            f"`atelier publish --rebuild` writes the table anew."
        )


def _batches(rows: pa.Table, store: PictureStore, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Whole rows: the wanted facts, with vectors and thumbnails from the store."""
    position = store.positions()
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chunk = rows.slice(start, _ROWS_AT_ONCE)
        pictures = store.take([position[sha256] for sha256 in chunk["picture_sha256"].to_pylist()])
        columns = [(chunk if name in FACTS else pictures)[name].combine_chunks() for name in schema.names]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _bring_indexes_up_to_date(table: Table, approximate_from: int) -> None:
    """Every index of the table covers every row: titles, and vectors where there are many."""
    from lancedb.index import IvfRq

    table.checkout_latest()
    if table.list_indices():
        newest(table).optimize.optimize_indices()
        table.checkout_latest()
    index_titles(table)
    if table.count_rows() >= approximate_from and not has_vector_index(table):
        table.create_index("vector", config=IvfRq(distance_type="cosine"))
    if has_vector_index(table):
        stats = table.index_stats(VECTOR_INDEX)
        if stats is None or stats.num_indexed_rows != table.count_rows():
            raise CatalogueIndexError(
                f"{table.name}: expected all {table.count_rows():,} rows indexed, seen {stats}"
            )


def _sign(table: Table, key: str, data_version: str, withdrawn: str) -> int:
    sign(newest(table), key, data_version, withdrawn)
    version: int = newest(table).version
    return version


def _is_one_of(column: pa.ChunkedArray, values: Sequence[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(values, pa.string()))


def _is_none_of(column: pa.ChunkedArray, values: Sequence[str]) -> pa.ChunkedArray:
    return pc.invert(_is_one_of(column, values))
