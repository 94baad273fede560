"""What the table of outfits shown to users promises."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from atelier.contracts.promise import Promise, Surroundings, between, one_line, promised, refers_to, unique


def _moment_in_utc(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
    return (
        rows.shown_at.astype(object).map(lambda text: not isinstance(text, str) or _is_utc(text)).astype(bool)
    )


def _is_utc(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False


PROMISES: tuple[Promise, ...] = (
    unique("click_id"),
    one_line("click_id"),
    one_line("user_id"),
    one_line("source", 100),
    refers_to("outfit_id", "outfits"),
    promised(("shown_at",), "a moment in ISO 8601 and UTC, such as 2026-03-01T09:30:00Z", _moment_in_utc),
    between("propensity", 0, 1, above=True),
)
