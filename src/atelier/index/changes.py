"""Compares two states of the catalogue, column by column and without a loop over rows.

Under one embedding contract the picture decides the vector: rows of equal facts and pictures are equal rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from atelier.errors import EmbeddingContractError
from atelier.index.schema import FACTS, IndexVersion
from atelier.index.store import open_version

if TYPE_CHECKING:
    from atelier.settings import Settings

COMPARED = [*FACTS, "picture_sha256"]


@dataclass(frozen=True)
class Changes:
    """The ids of items that one state has differently from another."""

    added: list[str]
    updated: list[str]
    removed: list[str]

    @property
    def upserted(self) -> list[str]:
        """List the ids whose rows are new or changed, sorted."""
        return sorted(self.added + self.updated)

    def __len__(self) -> int:
        return len(self.added) + len(self.updated) + len(self.removed)


def compare(before: pa.Table, after: pa.Table) -> Changes:
    """Compare `before` and `after`; both have the columns of `wanted_rows`, ids once, in any order."""
    ids = after["item_id"]
    position = pc.index_in(ids, value_set=before["item_id"].combine_chunks())
    is_new = position.is_null().to_numpy()
    is_equal = np.ones(len(ids), bool)
    for name in COMPARED[1:]:
        is_equal &= _alike(after[name], before[name].combine_chunks().take(position))
    is_gone = pc.invert(pc.is_in(before["item_id"], value_set=ids.combine_chunks()))
    return Changes(
        added=_where(ids, is_new),
        updated=_where(ids, ~is_new & ~is_equal),
        removed=sorted(before["item_id"].filter(is_gone).to_pylist()),
    )


def changes_between(settings: Settings, before: IndexVersion, after: IndexVersion) -> Changes:
    """List what a reader of `before` has to change to become one of `after`: ids to remove, rows to upsert.

    EmbeddingContractError: they have different contracts, so that every vector is another one.
    CatalogueIndexError: one of them is gone.
    """
    if before.contract_digest != after.contract_digest:
        raise EmbeddingContractError(
            f"{before.table} version {before.version} and {after.table} version {after.version} have "
            f"different embedding contracts: nothing of one serves the other. Open the newer one whole."
        )
    rows = [open_version(settings, each).to_lance().to_table(columns=COMPARED) for each in (before, after)]
    return compare(*rows)


def _alike(one: pa.ChunkedArray, other: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Equal, or both unknown."""
    both_null = pc.and_(one.is_null(), other.is_null())
    return pc.or_(pc.equal(one, other).fill_null(False), both_null).to_numpy(zero_copy_only=False)


def _where(ids: pa.ChunkedArray, mask: NDArray[np.bool_]) -> list[str]:
    found: list[str] = sorted(ids.filter(pa.array(mask)).to_pylist())
    return found
