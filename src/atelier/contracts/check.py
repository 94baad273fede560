"""Checks a drop's tables against their contracts: which rows are good, which are bad, and why.

checked = check_tables(tables, previous, settings.reports_dir, settings.max_bad_share, known)
...                                     # the caller writes checked.bad to quarantine
checked.require()                       # then stops where too much is bad
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from atelier.contracts import category_sets, clicks, items, outfits, photos, regions
from atelier.contracts.drift import CategoryShares, Drift, measure_drift, resembles
from atelier.contracts.promise import KnownKeys, Promise, Surroundings
from atelier.contracts.report import broken_promises, write_report
from atelier.contracts.schema import check_columns, schema_promises, typed
from atelier.contracts.validation import Broken, ContractValidation, kept, show
from atelier.errors import ContractError
from atelier.vocabulary import TABLES

REPORT_FOLDER = "data-docs"
DOCS_FOLDER = "great-expectations"


@dataclass(frozen=True)
class Checked:
    """A drop after its check; every row of it is in `good` or in `bad`."""

    good: dict[str, pd.DataFrame]
    bad: dict[str, pd.DataFrame]
    """Rows that broke a promise, with one more column `reason`; a table without any has no rows here."""
    warnings: tuple[str, ...]
    """What a reviewer should look at, though no row is bad because of it."""
    drift: Drift | None
    """None for the first version, and for a drop without items."""
    report_dir: Path
    """Its `index.html` tells what was found, and links to the Data Docs."""
    max_bad_share: float

    def require(
        self,
        max_bad_share: float | None = None,
        max_drift: float | None = None,
        refused: Mapping[str, int] | None = None,
        *,
        refused_later: Mapping[str, int] | None = None,
        reasons: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Require a small share of bad rows. ContractError: it is too large; call it after the rows are in
        quarantine.

        max_bad_share: largest share of a table's rows that may be bad; default: what the check was given.
        max_drift: largest change of category shares beyond chance, 0 to 1; default: a warning only.
        refused: rows of each table that never came to the check, such as pictures that cannot be decoded.
        refused_later: rows that the check found good and that were refused afterwards.
        reasons: why those of both kinds were refused, by table; the commonest reason of all is named.
        """
        limit = self.max_bad_share if max_bad_share is None else max_bad_share
        for table, bad in self.bad.items():
            num_unseen, num_later = ((counts or {}).get(table, 0) for counts in (refused, refused_later))
            num_bad = len(bad) + num_unseen + num_later
            num_rows = len(bad) + num_unseen + len(self.good[table])
            if num_rows and num_bad / num_rows > limit:
                commonest = _commonest(bad, (reasons or {}).get(table, ()))
                raise ContractError(
                    f"{table}: {num_bad:,} of {num_rows:,} rows broke their contract (at most {limit:.1%} "
                    f"may). {commonest}They are in quarantine with their reasons; the report is "
                    f"{self.report_dir / 'index.html'}. Mend the drop, or raise ATELIER_MAX_BAD_SHARE."
                )
        if max_drift is not None and self.drift is not None and self.drift.beyond_chance > max_drift:
            raise ContractError(
                f"items: {self.drift} (at most {max_drift:.2f} beyond chance may be). "
                f"Check that the drop's categories are spelt as before; nothing was accepted."
            )


def check_tables(
    tables: dict[str, pd.DataFrame],
    previous: CategoryShares | None,
    reports_dir: Path,
    max_bad_share: float,
    known: KnownKeys | None = None,
    *,
    min_side: int = 16,
) -> Checked:
    """Judge every row of a drop; rows that refer to bad rows are bad as well.

    tables: rows by table name, columns as the fields in `vocabulary.TABLES`; an absent table has no rows.
    previous: the categories of the last accepted version, None for the first.
    known: keys that were accepted before, to which rows may refer.
    min_side: shortest side of a picture in pixels.
    Returns good and bad rows, and a report with Data Docs in `reports_dir/data-docs`. Raises ContractError
    at once only where the tables cannot be judged: a column is missing or unknown, or there are no rows.
    Takes 3 s and another 0.1 s for 1,000 rows, and once in a process 10 s to import Great Expectations.
    """
    rows = _complete(tables)
    report_dir = reports_dir / REPORT_FOLDER
    validation = ContractValidation(report_dir / DOCS_FOLDER)
    drift = measure_drift(_shares(rows["items"]), previous) if previous is not None else None
    good: dict[str, pd.DataFrame] = {}
    around = Surroundings(good, known or KnownKeys())
    bad: dict[str, pd.DataFrame] = {}
    warnings: list[str] = []
    for table, promises in _contracts(min_side, drift).items():
        good[table], bad[table], told = judge(validation, table, rows[table], promises, around)
        warnings += told
    validation.write_docs()
    write_report(report_dir, good, bad, warnings)
    return Checked(good, bad, tuple(warnings), drift, report_dir, max_bad_share)


def judge(
    validation: ContractValidation,
    table: str,
    rows: pd.DataFrame,
    promises: list[Promise],
    around: Surroundings,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Split the rows of one table, counted from 0, into good ones and bad ones with their `reason`; returns
    warnings too.
    """
    broken = validation.run(table, rows, promises, around) if len(rows) else []
    reasons = _reasons(rows, broken)
    _cascade(table, rows, promises, around, reasons)
    warnings = [_warning(table, one, len(rows)) for one in broken if one.promise.only_warns]
    return *_parted(rows, reasons), warnings


def _contracts(min_side: int, drift: Drift | None) -> dict[str, list[Promise]]:
    """Every table's promises, in such an order that a table comes after those that its rows refer to."""
    promises: dict[str, tuple[Promise, ...]] = {
        "items": items.PROMISES + (() if drift is None else (resembles(drift),)),
        "photos": photos.promises(min_side),
        "regions": regions.PROMISES,
        "outfits": outfits.PROMISES,
        "category_sets": category_sets.PROMISES,
        "clicks": clicks.PROMISES,
    }
    return {table: [*schema_promises(table), *own] for table, own in promises.items()}


def _complete(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Every known table with checked columns and rows counted from 0."""
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise ContractError(f"unknown tables: {', '.join(unknown)}; expected some of {', '.join(TABLES)}.")
    if all(rows.empty for rows in tables.values()):
        raise ContractError(
            "no table of the drop has a row, so there is nothing to accept. "
            "Check that its files are not empty, and that the folder is the one you meant."
        )
    complete = {}
    for table, row_class in TABLES.items():
        rows = tables.get(table, pd.DataFrame())
        if rows.empty and not len(rows.columns):
            rows = pd.DataFrame(columns=[field.name for field in fields(row_class)], dtype=object)
        check_columns(table, rows)
        complete[table] = rows.reset_index(drop=True)
    return complete


def _reasons(rows: pd.DataFrame, broken: list[Broken]) -> dict[int, list[str]]:
    """Position of each bad row -> the promises it broke, as a reader is told."""
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    for one in broken:
        for position in () if one.promise.only_warns else _blamed(rows, one):
            reasons[position].append(_reason(rows, position, one.promise))
    return reasons


def _blamed(rows: pd.DataFrame, broken: Broken) -> list[int]:
    """The rows that are bad because of a broken promise, less those that only look so.

    Of several rows with one name the first is good. A value of a wrong type is not missing as well.
    """
    named = rows.loc[broken.rows, list(broken.promise.columns)]
    if broken.promise.expectation.endswith("Unique"):
        return list(named.index[named.duplicated()])
    if broken.promise.expectation == "ExpectColumnValuesToNotBeNull":
        return list(named.index[named.isna().any(axis=1)])
    return broken.rows


def _cascade(
    table: str,
    rows: pd.DataFrame,
    promises: list[Promise],
    around: Surroundings,
    reasons: dict[int, list[str]],
) -> None:
    """Rows that keep every promise only because of rows that are bad (a mask whose photo is) are bad too."""
    spreading = True
    while spreading:
        spreading = False
        left = rows.drop(index=list(reasons))
        checked = typed(table, left)
        for promise in promises:
            if promise.holds is None or promise.only_warns:
                continue
            keeps = kept(promise, left, checked, around)
            for position in left.index[~keeps]:
                reasons.setdefault(position, []).append(_reason(rows, position, promise))
                spreading = True


def _parted(rows: pd.DataFrame, reasons: dict[int, list[str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    is_bad = rows.index.isin(list(reasons))
    bad = rows[is_bad].assign(
        reason=pd.Series({i: "; ".join(told) for i, told in reasons.items()}, dtype=object)
    )
    return rows[~is_bad].reset_index(drop=True), bad.reset_index(drop=True)


def _reason(rows: pd.DataFrame, position: int, promise: Promise) -> str:
    return f"{show(rows, position, promise)} (expected {promise.expected})"


def _warning(table: str, broken: Broken, num_rows: int) -> str:
    return (
        f"{table}: {', '.join(broken.promise.columns)}: {len(broken.rows):,} of {num_rows:,} rows differ "
        f"from what was expected: {broken.promise.expected}"
    )


def _shares(rows: pd.DataFrame) -> CategoryShares:
    return CategoryShares(dict(Counter(value for value in rows["category"] if isinstance(value, str))))


def _commonest(bad: pd.DataFrame, refused: Sequence[str]) -> str:
    """Name what most rows have in common, of those with a broken promise and those refused for a reason."""
    kinds = [(one.num_rows, one.example) for one in (broken_promises(bad) if len(bad) else ())]
    alike: dict[str, list[str]] = {}
    for reason in refused:
        alike.setdefault(_kind_of(reason), []).append(reason)
    kinds += [(len(reasons), reasons[0]) for reasons in alike.values()]
    if not kinds:
        return ""
    num_rows, example = max(kinds, key=lambda kind: kind[0])
    return f"Most often: {num_rows:,} rows such as {example}. "


def _kind_of(reason: str) -> str:
    """A reason less what differs from row to row: its place, and words with digits."""
    _, _, rest = reason.partition(": ")
    return re.sub(r"\S*\d\S*", "#", rest or reason)
