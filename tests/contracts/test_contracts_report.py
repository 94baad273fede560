"""The first page of a report: broken promises by how often, escaped, with links that exist."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from atelier.contracts.report import BrokenPromise, broken_promises, write_report

BAD = pd.DataFrame(
    {
        "item_id": ["a", "b", "c"],
        "reason": [
            "price=-1.0 (expected a number from 0)",
            "price=-2.0 (expected a number from 0); title='<b>' (expected one line)",
            "title='; (' (expected one line)",
        ],
    }
)


def test_promises_are_counted_over_rows_the_first_seen_as_an_example() -> None:
    assert broken_promises(BAD) == [
        BrokenPromise("a number from 0", 2, "price=-1.0 (expected a number from 0)"),
        BrokenPromise("one line", 2, "title='<b>' (expected one line)"),
    ]
    assert broken_promises(BAD.iloc[:0]) == []


def test_the_page_counts_escapes_and_links(tmp_path: Path) -> None:
    docs = tmp_path / "docs/validations/items/run/page.html"
    docs.parent.mkdir(parents=True)
    docs.write_text("")
    good = {"items": pd.DataFrame({"item_id": ["x"] * 7}), "photos": pd.DataFrame({"photo_id": []})}
    bad = {"items": BAD, "photos": BAD.iloc[:0]}
    write_report(tmp_path, good, bad, ["fewer <shoes> than before"])
    page = (tmp_path / "index.html").read_text()
    assert "3 of 10 rows broke their contract" in page
    assert "Worth a look: fewer &lt;shoes&gt; than before" in page
    assert "title=&#x27;&lt;b&gt;&#x27;" in page
    assert 'href="docs/validations/items/run/page.html"' in page
    assert "no rows to check" in page
    assert "<b>" not in page
