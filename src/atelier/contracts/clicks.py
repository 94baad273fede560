"""What the table of outfits shown to users promises."""

from __future__ import annotations

from atelier.contracts.promise import Promise, between, moment_in_utc, one_line, refers_to, unique

PROMISES: tuple[Promise, ...] = (
    unique("click_id"),
    one_line("click_id"),
    one_line("user_id"),
    one_line("source", 100),
    refers_to("outfit_id", "outfits"),
    moment_in_utc("shown_at"),
    between("propensity", 0, 1, above=True),
)
