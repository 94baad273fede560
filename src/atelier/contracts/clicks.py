"""Defines the contract of outfits shown to users."""

from __future__ import annotations

import re

import pandas as pd

from atelier.contracts.items import ITEM_ID
from atelier.contracts.promise import (
    Promise,
    Surroundings,
    between,
    matches,
    moment_in_utc,
    one_line,
    promised,
    refers_to,
    unique,
)
from atelier.vocabulary import USER_ID, USER_ID_EXPECTED


def _item_ids(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
    """Ids as items have them; they need not be accepted, for users clicked on what is no longer sold."""
    named = {item_id for ids in rows.history if ids is not None for item_id in ids}
    broken = {item_id for item_id in named if not re.match(ITEM_ID, item_id)}
    kept = [ids is None or broken.isdisjoint(ids) for ids in rows.history]
    return pd.Series(kept, index=rows.index, dtype=bool)


PROMISES: tuple[Promise, ...] = (
    unique("click_id"),
    one_line("click_id"),
    matches("user_id", USER_ID, USER_ID_EXPECTED),
    one_line("source", 100),
    refers_to("outfit_id", "outfits"),
    moment_in_utc("shown_at"),
    between("propensity", 0, 1, above=True),
    promised(("history",), "ids of items: letters, digits, '-', '_' or '.'", _item_ids),
)
