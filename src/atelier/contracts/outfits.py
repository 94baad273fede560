"""Defines the contract of sets of items that go together."""

from __future__ import annotations

import pandas as pd

from atelier.contracts.promise import Promise, Surroundings, between, one_line, one_of, promised, unique
from atelier.vocabulary import Maker, Split


def _distinct_items(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
    kept = [ids is None or (len(ids) >= 2 and len(set(ids)) == len(ids)) for ids in rows.item_ids]
    return pd.Series(kept, index=rows.index, dtype=bool)


def _accepted_items(rows: pd.DataFrame, around: Surroundings) -> pd.Series[bool]:
    accepted = set(around.good["items"].item_id) | around.known.items
    kept = [ids is None or accepted.issuperset(ids) for ids in rows.item_ids]
    return pd.Series(kept, index=rows.index, dtype=bool)


PROMISES: tuple[Promise, ...] = (
    unique("outfit_id"),
    one_line("outfit_id"),
    one_line("source", 100),
    one_line("title", 500),
    promised(("item_ids",), "two or more different items", _distinct_items),
    promised(("item_ids",), "the ids of items accepted with this drop or before", _accepted_items),
    between("likes", 0),
    one_of("made_by", list(Maker)),
    one_of("split", list(Split)),
)
