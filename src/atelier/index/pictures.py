"""Stores embedded pictures batch by batch: an interrupted build loses at most one batch.

One table per embedding contract, digest of a picture -> vectors and thumbnail. An unchanged picture under an
unchanged model is never embedded twice, whichever data version it comes from.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from atelier.errors import IndexRejected
from atelier.index.schema import ContractText, Embed, Embedded, picture_schema
from atelier.progress import Progress

if TYPE_CHECKING:
    from lancedb.db import DBConnection
    from lancedb.table import Table

    from atelier.settings import Settings

PICTURES = "pictures-"
KEEP_EVERY = 512
"""Pictures that are embedded and kept in one step."""
_MANY_FRAGMENTS = 64
"""A table of more pieces than this is slow to read by position: it is compacted after embedding."""
UNIT_TOLERANCE = 1e-3
"""How far the length of a vector may be from 1."""


def pictures_table_name(contract_digest: str) -> str:
    """Return the name of the table with the embedded pictures of a contract."""
    return f"{PICTURES}{contract_digest[:16]}"


@contextmanager
def embedding(settings: Settings, table: str, *, wait: bool = True) -> Iterator[bool]:
    """Lock a store of pictures for filling or thinning; yields whether this process holds the lock.

    A second waits, or with `wait=False` gets False. Serving, publishing and withdrawing need no such turn: a
    new model may embed for hours beside them. The kernel frees the lock when its holder dies.
    """
    settings.stores_dir.mkdir(parents=True, exist_ok=True)
    with (settings.stores_dir / f"{table}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


class PictureStore:
    """The embedded pictures of one contract. Not for several writers at a time: see `embedding`."""

    def __init__(self, db: DBConnection, contract: ContractText) -> None:
        self._contract = contract
        self._schema = picture_schema(contract)
        self._table = db.create_table(
            pictures_table_name(contract.digest), schema=self._schema, exist_ok=True
        )

    def positions(self) -> dict[str, int]:
        """Map the digest of every stored picture to its row, for `take`; valid until the next
        `embed_missing`.
        """
        return {sha256: row for row, sha256 in enumerate(_digests(self._table))}

    def embed_missing(self, pictures: Sequence[str], embed: Embed, *, progress: bool) -> int:
        """Embed those of `pictures` that are not kept yet, and keep them; return how many these were.

        IndexRejected: the encoder returned something else than unit vectors; that batch is not kept.
        """
        known = self.positions()
        missing = [sha256 for sha256 in dict.fromkeys(pictures) if sha256 not in known]
        with Progress("embedding", len(missing), unit="pictures", shown=progress) as bar:
            for start in range(0, len(missing), KEEP_EVERY):
                batch = missing[start : start + KEEP_EVERY]
                self._keep(batch, embed(batch))
                bar.update(len(batch))
        self._compact()
        return len(missing)

    def take(self, rows: Sequence[int]) -> pa.Table:
        """Read the stored rows at these positions, in this order: the columns of `picture_schema`."""
        return self._table.to_lance().take(list(rows))

    def _keep(self, pictures: Sequence[str], embedded: Embedded) -> None:
        self._check(pictures, embedded)
        columns = {
            "picture_sha256": pa.array(pictures),
            "vector": _lists(embedded.vectors.astype(np.float32)),
            "thumbnail": pa.array(embedded.thumbnails, pa.binary()),
        }
        if embedded.relevance is not None:
            columns["relevance"] = _lists(embedded.relevance.astype(np.float16))
        self._table.add(pa.table([columns[name] for name in self._schema.names], schema=self._schema))

    def _check(self, pictures: Sequence[str], embedded: Embedded) -> None:
        if len(embedded.thumbnails) != len(pictures):
            raise IndexRejected(
                f"the encoder was to return {len(pictures)} thumbnails, it returned "
                f"{len(embedded.thumbnails)}"
            )
        _check_unit(pictures, embedded.vectors, self._contract.dimension, "vectors")
        if self._contract.relevance_dimension or embedded.relevance is not None:
            _check_unit(pictures, embedded.relevance, self._contract.relevance_dimension, "relevance vectors")

    def _compact(self) -> None:
        dataset = self._table.to_lance()
        if len(dataset.get_fragments()) > _MANY_FRAGMENTS:
            dataset.optimize.compact_files()
            dataset.cleanup_old_versions(timedelta(0), delete_unverified=True)
            self._table.checkout_latest()


def thin_out(table: Table, keep: Collection[str]) -> int:
    """Delete all pictures of a store but these, in its files too; returns their number.

    Also takes what killed writers left. Only under `embedding`.
    """
    doomed = [sha256 for sha256 in _digests(table) if sha256 not in keep]
    for start in range(0, len(doomed), 10_000):
        quoted = ", ".join(f"'{sha256}'" for sha256 in doomed[start : start + 10_000])
        table.delete(f"picture_sha256 IN ({quoted})")
    dataset = table.to_lance()
    if doomed:
        dataset.optimize.compact_files(materialize_deletions_threshold=0.0)
    dataset.cleanup_old_versions(timedelta(0), delete_unverified=True)
    return len(doomed)


def _digests(table: Table) -> list[str]:
    found: list[str] = table.to_lance().to_table(columns=["picture_sha256"])["picture_sha256"].to_pylist()
    return found


def _lists(rows: NDArray[np.floating]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(rows).ravel()), rows.shape[1])


def _check_unit(pictures: Sequence[str], rows: NDArray[np.float32] | None, dimension: int, name: str) -> None:
    seen = None if rows is None else rows.shape
    if rows is None or seen != (len(pictures), dimension):
        raise IndexRejected(
            f"the encoder was to return {name} {(len(pictures), dimension)}, as its contract says; it "
            f"returned {seen}"
        )
    length = np.linalg.norm(rows, axis=1)
    wrong = np.flatnonzero(~(np.abs(length - 1) <= UNIT_TOLERANCE))  # written so that NaN counts as wrong
    if len(wrong):
        raise IndexRejected(
            f"the encoder returned {len(wrong)} of {len(pictures)} {name} whose length is not 1; the "
            f"first is {length[wrong[0]]:.4g} long, of picture {pictures[wrong[0]]}. The model is "
            f"broken; nothing of this batch was kept."
        )
