"""What has been embedded already, kept as it comes: a killed build loses at most one batch.

One table per embedding contract, digest of a picture -> vector and thumbnail. An unchanged picture under an
unchanged model is never embedded twice, whichever data version it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from tqdm import tqdm

from atelier.errors import IndexRejected
from atelier.index.schema import ContractText, Embed, Embedded, picture_schema
from atelier.index.store import pictures_table_name

if TYPE_CHECKING:
    from lancedb.db import DBConnection

KEEP_EVERY = 512
"""Pictures that are embedded and kept in one step."""
_MANY_FRAGMENTS = 64
"""A table of more pieces than this is slow to read by position: it is compacted after embedding."""
UNIT_TOLERANCE = 1e-3
"""How far the length of a vector may be from 1."""


class PictureStore:
    """The embedded pictures of one contract. Not for several writers at a time."""

    def __init__(self, db: DBConnection, contract: ContractText) -> None:
        self._dimension = contract.dimension
        self._table = db.create_table(
            pictures_table_name(contract), schema=picture_schema(contract.dimension), exist_ok=True
        )

    def positions(self) -> dict[str, int]:
        """Digest of every kept picture -> its row, for `take`; valid until the next `embed_missing`."""
        column = self._table.to_lance().to_table(columns=["picture_sha256"])["picture_sha256"]
        return {sha256: row for row, sha256 in enumerate(column.to_pylist())}

    def embed_missing(self, pictures: Sequence[str], embed: Embed, *, progress: bool) -> int:
        """Embed those of `pictures` that are not kept yet, and keep them; return how many these were.

        IndexRejected: the encoder returned something else than unit vectors; that batch is not kept.
        """
        known = self.positions()
        missing = [sha256 for sha256 in dict.fromkeys(pictures) if sha256 not in known]
        with tqdm(total=len(missing), desc="embed", unit="picture", disable=not progress) as bar:
            for start in range(0, len(missing), KEEP_EVERY):
                batch = missing[start : start + KEEP_EVERY]
                self._keep(batch, embed(batch))
                bar.update(len(batch))
        self._compact()
        return len(missing)

    def take(self, rows: Sequence[int]) -> pa.Table:
        """The kept rows at these positions, in this order: picture_sha256, vector, thumbnail."""
        return self._table.to_lance().take(list(rows))

    def _keep(self, pictures: Sequence[str], embedded: Embedded) -> None:
        self._check(pictures, embedded)
        vectors = pa.array(np.ascontiguousarray(embedded.vectors, np.float32).ravel())
        columns = [
            pa.array(pictures),
            pa.FixedSizeListArray.from_arrays(vectors, self._dimension),
            pa.array(embedded.thumbnails, pa.binary()),
        ]
        self._table.add(pa.table(columns, schema=picture_schema(self._dimension)))

    def _check(self, pictures: Sequence[str], embedded: Embedded) -> None:
        expected = (len(pictures), self._dimension)
        if embedded.vectors.shape != expected or len(embedded.thumbnails) != len(pictures):
            raise IndexRejected(
                f"the encoder was to return vectors {expected} and {len(pictures)} thumbnails, it returned "
                f"{embedded.vectors.shape} and {len(embedded.thumbnails)}"
            )
        length = np.linalg.norm(embedded.vectors, axis=1)
        wrong = np.flatnonzero(~(np.abs(length - 1) <= UNIT_TOLERANCE))  # written so that NaN counts as wrong
        if len(wrong):
            raise IndexRejected(
                f"the encoder returned {len(wrong)} of {len(pictures)} vectors whose length is not 1; the "
                f"first is {length[wrong[0]]:.4g} long, of picture {pictures[wrong[0]]}. The model is "
                f"broken; nothing of this batch was kept."
            )

    def _compact(self) -> None:
        dataset = self._table.to_lance()
        if len(dataset.get_fragments()) > _MANY_FRAGMENTS:
            dataset.optimize.compact_files()
            dataset.cleanup_old_versions(timedelta(0))
            self._table.checkout_latest()
