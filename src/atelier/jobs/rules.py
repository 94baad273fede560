"""What `atelier rules list | check` do: rule files against the items of this workspace."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atelier.datasets.catalogue import Catalogue
from atelier.rules.conditions import NUMBER_FACTS, TEXT_FACTS, Facts, Words
from atelier.rules.file import find_rules, load_rules, ready_made
from atelier.rules.report import RulesReport, check_rules
from atelier.rules.rules import Rules
from atelier.settings import Settings


def list_rules() -> dict[str, Rules]:
    """The ready-made rules by the names of their files, in their order."""
    return {name: load_rules(path) for name, path in ready_made().items()}


def check(settings: Settings, name: str) -> RulesReport:
    """Whether ready-made rules, or those in a file, can be kept with the items of the workspace.

    RulesError: the file is wrong, or there are no items.
    """
    return check_rules(find_rules(name), facts_of(Catalogue.open(settings.data_dir).table("items")))


def facts_of(items: pa.Table) -> Facts:
    """The facts of a table of items, one for each row."""
    words = {fact: _words(items[fact]) for fact in TEXT_FACTS if fact in items.column_names}
    numbers = {
        fact: np.asarray(pc.cast(items[fact], pa.float64()).to_numpy(zero_copy_only=False))
        for fact in NUMBER_FACTS
        if fact in items.column_names
    }
    return Facts(len(items), words, numbers)


def _words(column: pa.ChunkedArray) -> Words:
    coded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Words(codes, tuple(coded.dictionary.to_pylist()))
