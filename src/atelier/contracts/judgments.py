"""Defines the contracts of judgments, and checks a reviewer's file against them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from atelier.contracts.check import DOCS_FOLDER, Checked, judge
from atelier.contracts.promise import (
    Holds,
    KnownKeys,
    Promise,
    Surroundings,
    between,
    moment_in_utc,
    one_line,
    one_of,
    promised,
)
from atelier.contracts.report import write_report
from atelier.contracts.schema import check_columns, schema_promises
from atelier.contracts.validation import ContractValidation

REPORT_FOLDER = "judgments-docs"
VERDICTS = ("same", "similar", "wrong")
BETTER = ("champion", "challenger", "equal")

Shown = Mapping[str, frozenset[str]]
"""Digest of a search in the review -> ids of the items that were shown for it."""


def promises(shown: Shown) -> dict[str, list[Promise]]:
    """Return both tables' promises; only answers that a review had shown can be judged."""
    common = [
        *(one_line("reviewer", 60), one_line("review_id", 60), one_line("kind", 60)),
        *(between("weight", 1), moment_in_utc("judged_at"), moment_in_utc("recorded_at")),
    ]
    return {
        "judgments": [
            *schema_promises("judgments"),
            *common,
            one_of("verdict", VERDICTS),
            promised(("query_digest",), "a search of this review", _is_asked(shown)),
            promised(
                ("query_digest", "item_id"), "an item that was shown for this search", _was_shown(shown)
            ),
        ],
        "preferences": [
            *schema_promises("preferences"),
            *common,
            one_of("better", BETTER),
            promised(("query_digest",), "a search of this review", _is_asked(shown)),
        ],
    }


def check_judgments(
    tables: Mapping[str, pd.DataFrame], shown: Shown, reports_dir: Path, max_bad_share: float
) -> Checked:
    """Check every row of a reviewer's file; see `check.check_tables` for results and costs.

    tables: `judgments` and `preferences`, columns as their classes in `vocabulary` have them. Several rows of
    one key are no fault: a reviewer may change their mind, and the latest counts.
    """
    report_dir = reports_dir / REPORT_FOLDER
    validation = ContractValidation(report_dir / DOCS_FOLDER)
    around = Surroundings({}, KnownKeys())
    good: dict[str, pd.DataFrame] = {}
    bad: dict[str, pd.DataFrame] = {}
    for table, own in promises(shown).items():
        check_columns(table, tables[table])
        rows = tables[table].reset_index(drop=True)
        good[table], bad[table], _ = judge(validation, table, rows, own, around)
    validation.write_docs()
    write_report(report_dir, good, bad, ())
    return Checked(good, bad, (), None, report_dir, max_bad_share)


def _is_asked(shown: Shown) -> Holds:
    def holds(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
        return rows.query_digest.isin(list(shown))

    return holds


def _was_shown(shown: Shown) -> Holds:
    def holds(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
        pairs = zip(rows.query_digest, rows.item_id, strict=True)
        kept = [query not in shown or item in shown[query] for query, item in pairs]
        return pd.Series(kept, index=rows.index, dtype=bool)

    return holds
