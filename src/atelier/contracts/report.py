"""Writes the first page of a check's report, with links to the Data Docs.

Data Docs draw their own first page with scripts from the network, so that without one it is empty. This page
needs nothing but itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd

NUM_SHOWN = 20

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Contracts</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; }}
tr {{ border-bottom: 1px solid #8884; }}
.number {{ text-align: right; }}
code {{ overflow-wrap: anywhere; }}
</style>
<h1>Contracts</h1>
<p>{verdict}</p>
{warnings}
<table>
<tr><th>Table</th><th class="number">Good rows</th><th class="number">Bad rows</th><th>Promises</th></tr>
{tables}</table>
{broken}
</html>
"""


@dataclass(frozen=True)
class BrokenPromise:
    """A promise and the bad rows that broke it."""

    expected: str
    num_rows: int
    example: str
    """The reason of the first of them, with its values."""


def broken_promises(bad: pd.DataFrame) -> list[BrokenPromise]:
    """List the promises that bad rows broke, commonest first, read from their column `reason`."""
    reasons = bad["reason"].astype(object).str.split(r"(?<=\)); ", regex=True).explode().dropna()
    grouped = reasons.groupby(reasons.str.extract(r"\(expected (.*)\)$")[0].to_numpy(), sort=False)
    found = [BrokenPromise(str(expected), len(rows), str(rows.iloc[0])) for expected, rows in grouped]
    return sorted(found, key=lambda promise: -promise.num_rows)


def write_report(
    report_dir: Path,
    good: Mapping[str, pd.DataFrame],
    bad: Mapping[str, pd.DataFrame],
    warnings: Sequence[str],
) -> None:
    """Write `index.html` in `report_dir`; the Data Docs must be there already."""
    num_bad = sum(map(len, bad.values()))
    num_rows = num_bad + sum(map(len, good.values()))
    page = PAGE.format(
        verdict=f"{num_bad:,} of {num_rows:,} rows broke their contract and are in quarantine.",
        warnings="".join(f"<p>Worth a look: {escape(warning)}</p>" for warning in warnings),
        tables="".join(
            f'<tr><td>{table}</td><td class="number">{len(good[table]):,}</td>'
            f'<td class="number">{len(bad[table]):,}</td><td>{_link(report_dir, table)}</td></tr>\n'
            for table in good
        ),
        broken="".join(_section(table, rows) for table, rows in bad.items() if len(rows)),
    )
    (report_dir / "index.html").write_text(page, encoding="utf-8")


def _link(report_dir: Path, table: str) -> str:
    pages = sorted(report_dir.glob(f"*/validations/{table}/**/*.html"))
    return f'<a href="{pages[-1].relative_to(report_dir)}">each promise</a>' if pages else "no rows to check"


def _section(table: str, bad: pd.DataFrame) -> str:
    rows = "".join(
        f'<tr><td class="number">{promise.num_rows:,}</td><td>{escape(promise.expected)}</td>'
        f"<td><code>{escape(promise.example.rsplit(' (expected ', 1)[0])}</code></td></tr>\n"
        for promise in broken_promises(bad)[:NUM_SHOWN]
    )
    return (
        f'<h2>{table}</h2><table><tr><th class="number">Rows</th><th>Expected</th><th>First seen</th></tr>\n'
        f"{rows}</table>\n"
    )
