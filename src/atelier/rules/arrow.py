"""Reads the attributes of a table of items, for a million of them at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atelier.rules.conditions import NUMBER_FACTS, TEXT_FACTS, Attributes, Words


def attributes_of(items: pa.Table) -> Attributes:
    """Return the attributes of a table of items, one for each row."""
    words = {fact: _words(items[fact]) for fact in TEXT_FACTS if fact in items.column_names}
    numbers = {
        fact: np.asarray(pc.cast(items[fact], pa.float64()).to_numpy(zero_copy_only=False))
        for fact in NUMBER_FACTS
        if fact in items.column_names
    }
    return Attributes(len(items), words, numbers)


def _words(column: pa.ChunkedArray) -> Words:
    coded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Words(codes, tuple(coded.dictionary.to_pylist()))
