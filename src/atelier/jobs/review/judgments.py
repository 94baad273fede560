"""Checks what reviewers downloaded, adds it to the tables of judgments, and reports the review."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atelier.datasets import judgments as store
from atelier.datasets import tables
from atelier.datasets.quarantine import write_quarantine
from atelier.datasets.raw import Rejected
from atelier.datasets.values import to_row
from atelier.errors import DropError, RegistryError
from atelier.jobs.retrieval.relevance import load_collection, review_figures
from atelier.jobs.review.review import FACTS_FILE, QUERIES_FOLDER, find_review
from atelier.lifecycle.runs import sha256_of
from atelier.registry.runs import RunRef
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings
from atelier.vocabulary import REVIEW_TABLES

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("review_id", "reviewer", "query", "item_id", "verdict", "judged_at")
_LARGEST_FILE = 50_000_000
_NUM_REASONS = 10


@dataclass(frozen=True)
class RecordReport:
    """The outcome of recording a reviewer's file."""

    review_id: str
    added: dict[str, int]
    """Rows by table, as in the next three."""
    updated: dict[str, int]
    unchanged: dict[str, int]
    quarantined: dict[str, int]
    reasons: tuple[str, ...]
    """Why the first few rows are in quarantine."""
    figures: dict[str, float]
    """How the review stands, over all that was recorded for it: see `relevance.review_figures`."""
    run_id: str
    """The run that holds these figures."""
    seconds: float


def record(settings: Settings, path: Path) -> RecordReport:
    """Add a reviewer's download, JSON or CSV, to the tables under `judgments/`.

    A row of a known reviewer, search and item takes the place of the older one; the same file again changes
    nothing. Bad rows go to quarantine with the reason. DropError: the file is no download of a review.
    RegistryError: its review is unknown here. ContractError: too many of its rows are bad; nothing is added.
    """
    start = time.perf_counter()
    loose = read_download(path)
    review_id = _only_review(path, loose)
    registry = open_registry(settings)
    run, facts = _facts(registry, review_id)
    rows, rejected = _rows(loose, facts)
    good = _checked(settings, path, facts, rows, rejected)
    _keep_queries(settings, registry, run, facts)
    done = {name: store.record(settings.judgments_dir, name, good[name]) for name in REVIEW_TABLES}
    figures, run_id = _log_figures(settings, registry, facts)
    return RecordReport(
        review_id,
        {name: each.added for name, each in done.items()},
        {name: each.updated for name, each in done.items()},
        {name: each.unchanged for name, each in done.items()},
        {name: sum(one.table == name for one in rejected) for name in REVIEW_TABLES},
        tuple(one.reason for one in rejected[:_NUM_REASONS]),
        figures,
        run_id,
        time.perf_counter() - start,
    )


def read_download(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a download, each with `COLUMNS`, unchecked. DropError: it is none."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError(f"it has more than {_LARGEST_FILE:,} bytes")
        text = path.read_text(encoding="utf-8-sig")
        rows = _from_json(text) if text.lstrip().startswith("{") else _from_csv(text)
    except (OSError, ValueError, TypeError, AttributeError, KeyError, csv.Error) as error:
        raise DropError(
            f"{path} is not a download of a review ({error}); expected the JSON or CSV file that its page "
            f"saves, with {', '.join(COLUMNS)}"
        ) from error
    if not rows:
        raise DropError(f"{path} holds no judgment; nothing was recorded")
    return rows


def _from_json(text: str) -> list[dict[str, Any]]:
    value = json.loads(text)
    common = {"review_id": value["review_id"], "reviewer": value["reviewer"]}
    return [{name: {**row, **common}.get(name) for name in COLUMNS} for row in value["rows"]]


def _from_csv(text: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"it has no column {', '.join(missing)}")
    return [{name: row.get(name) or None for name in COLUMNS} for row in reader]


def _only_review(path: Path, loose: Sequence[Mapping[str, Any]]) -> str:
    reviews = sorted({str(row["review_id"]) for row in loose})
    if len(reviews) != 1:
        raise DropError(
            f"{path} holds judgments of {len(reviews)} reviews ({', '.join(reviews)[:200]}); one a file"
        )
    return reviews[0]


def _facts(registry: Registry, review_id: str) -> tuple[RunRef, dict[str, Any]]:
    run = find_review(registry, review_id) if review_id.isalnum() else None
    if run is None:
        raise RegistryError(
            f"review {review_id[:60]!r} is unknown in this workspace; record its judgments where "
            f"`atelier review retrieval` made it"
        )
    facts: dict[str, Any] = json.loads(registry.read(run.run_id, f"review/{FACTS_FILE}"))
    return run, facts


def _rows(
    loose: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
) -> tuple[dict[str, list[Any]], list[Rejected]]:
    """Convert rows to types by table and add what the review knows of each search, such as the model behind
    A.
    """
    asked = {query["query"]: query for query in facts["queries"]}
    moment = datetime.now(UTC).isoformat(timespec="microseconds")
    rows: dict[str, list[Any]] = {name: [] for name in REVIEW_TABLES}
    rejected: list[Rejected] = []
    for each in loose:
        query = asked.get(str(each["query"]), {})
        values = {
            **{"review_id": facts["review_id"], "reviewer": each["reviewer"], "query_digest": each["query"]},
            **{"query_id": query.get("query_id", "?"), "kind": query.get("kind", "?")},
            **{"weight": query.get("weight", 1.0), "judged_at": _in_utc(each["judged_at"])},
            "recorded_at": moment,
        }
        name = "judgments" if each["item_id"] else "preferences"
        if name == "judgments":
            values |= {"item_id": each["item_id"], "verdict": each["verdict"]}
        else:
            values |= {"champion": facts["champion"], "challenger": facts["challenger"]}
            values["better"] = _unblinded(each["verdict"], query.get("a"))
        try:
            rows[name].append(to_row(name, values))
        except ValueError as error:
            rejected.append(Rejected(name, values, str(error)))
    return rows, rejected


def _unblinded(verdict: Any, a: str | None) -> Any:
    """Replace 'A' and 'B' by the model; anything else is returned as it is, for the contract to check."""
    b = {"champion": "challenger", "challenger": "champion"}.get(str(a))
    return {"A": a, "B": b}.get(str(verdict)) or verdict


def _in_utc(text: Any) -> Any:
    """Convert a time with an offset to UTC, so that times compare as text; anything else is returned as it
    is.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return text
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment.tzinfo else text


def _checked(
    settings: Settings,
    path: Path,
    facts: Mapping[str, Any],
    rows: Mapping[str, list[Any]],
    rejected: list[Rejected],
) -> dict[str, list[Any]]:
    """Return the rows that keep their contract; the others join `rejected` and go to quarantine."""
    from atelier.contracts.judgments import check_judgments

    shown = {
        query["query"]: frozenset([*query["champion"], *query["challenger"]]) for query in facts["queries"]
    }
    checked = check_judgments(
        {name: tables.to_frame(name, rows[name]) for name in rows},
        shown,
        settings.reports_dir,
        settings.max_bad_share,
    )
    refused = {name: [one.reason for one in rejected if one.table == name] for name in rows}
    for name, bad in checked.bad.items():
        for row in _records(bad):
            reason = str(row.pop("reason"))
            rejected.append(Rejected(name, row, reason))
    write_quarantine(settings.quarantine_dir, path.name, rejected)
    checked.require(refused={name: len(reasons) for name, reasons in refused.items()}, reasons=refused)
    return {name: [to_row(name, row) for row in _records(checked.good[name])] for name in rows}


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(column): value for column, value in row.items()} for row in rows.to_dict(orient="records")]


def _keep_queries(settings: Settings, registry: Registry, run: RunRef, facts: Mapping[str, Any]) -> None:
    """Store the judged searches beside the judgments, for later models and data versions."""
    target = settings.judgments_dir / "queries" / str(facts["review_id"])
    if (target / "truth.csv").exists():
        return
    target.mkdir(parents=True, exist_ok=True)
    kinds = sorted({query["kind"] for query in facts["queries"]})
    for name in (*(f"{kind}.zip" for kind in kinds), "truth.csv"):  # truth.csv last: with it, all is there
        partial_path = target / f".{name}.partial"
        partial_path.write_bytes(registry.read(run.run_id, f"review/{QUERIES_FOLDER}/{name}"))
        partial_path.replace(target / name)


def _log_figures(
    settings: Settings, registry: Registry, facts: Mapping[str, Any]
) -> tuple[dict[str, float], str]:
    """Log the review's figures in a run for this state of the judgments."""
    figures = review_figures(load_collection(settings), facts)
    state = store.digest(settings.judgments_dir)
    key = sha256_of(json.dumps(["judged", facts["review_id"], state]).encode())[:32]
    found = registry.find_run(key)
    if found is not None:
        return figures, found.run_id
    tags = {name: str(facts[name]) for name in ("data_version", "champion", "challenger", "review_id")}
    with registry.start_run(f"judged-{facts['review_id']}", key, {**tags, "judgments": state[:16]}) as run:
        run.metrics({name: value for name, value in figures.items() if not math.isnan(value)})
        for name in REVIEW_TABLES:
            rows = [asdict(row) for row in store.read(settings.judgments_dir, name)]
            run.table(name, [row for row in rows if row["review_id"] == facts["review_id"]])
    return figures, run.run_id
