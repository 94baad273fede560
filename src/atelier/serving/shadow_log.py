"""Logs the shadow's comparisons, a JSON line for each request and a file for each day, and reports on them.

No photo is kept. Files older than KEEP_DAYS go when a new day begins.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

KEEP_DAYS = 30
NUM_CATEGORIES = 5
MIN_CATEGORY = 10
"""Requests that a category needs to be named in a report."""


@dataclass(frozen=True)
class Compared:
    """One request as two releases answered it."""

    at: str
    """ISO 8601, UTC."""
    request_id: str
    live: str
    """Id of the release whose answer was sent."""
    shadow: str
    category: str
    """What the photo shows, in the opinion of the live release."""
    boxed: bool
    depth: int
    """Places compared: the longer answer's, at most ten."""
    overlap: float
    same_first: bool
    rank_correlation: float | None
    live_ms: float
    """Answering without decoding, as `shadow_ms`."""
    shadow_ms: float
    live_ids: tuple[str, ...]
    shadow_ids: tuple[str, ...]


@dataclass(frozen=True)
class PairReport:
    """The agreement of two releases on shoppers' requests."""

    live: str
    shadow: str
    num_requests: int
    first_at: str
    last_at: str
    overlap_at_10: float
    same_top_1: float
    rank_correlation: float | None
    """Mean of Kendall's tau over requests with two shared items or more; None where there is none."""
    live_ms: float
    """Medians, and the ends of the slow tail; the shadow runs at low priority, so its tail tells of load."""
    shadow_ms: float
    live_ms_p95: float
    shadow_ms_p95: float
    least_alike: tuple[tuple[str, int, float], ...]
    """Categories with the least overlap: name, requests, mean overlap."""


class ShadowLog:
    """Appends to the day's file; several processes may share a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day = ""

    def write(self, compared: Compared) -> None:
        day = compared.at[:10]
        if day != self._day:
            self._begin(day)
        with (self._folder / f"{day}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(compared), separators=(",", ":")) + "\n")

    def _begin(self, day: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        oldest = (datetime.fromisoformat(day) - timedelta(days=KEEP_DAYS)).date().isoformat()
        for path in self._folder.glob("????-??-??.jsonl"):
            if path.stem < oldest:
                path.unlink(missing_ok=True)
        self._day = day


def report(folder: Path, days: int = 7, now: datetime | None = None) -> list[PairReport]:
    """Compute the agreement of each pair of releases in the last `days` days, the latest pair first."""
    since = ((now or datetime.now(UTC)) - timedelta(days=days)).isoformat(timespec="milliseconds")
    pairs: defaultdict[tuple[str, str], list[Compared]] = defaultdict(list)
    for each in _read(folder, since):
        pairs[each.live, each.shadow].append(each)
    reports = [_report(rows) for rows in pairs.values()]
    return sorted(reports, key=lambda each: each.last_at, reverse=True)


def _read(folder: Path, since: str) -> Iterator[Compared]:
    names = {field.name for field in fields(Compared)}
    for path in sorted(folder.glob("????-??-??.jsonl")):
        if path.stem < since[:10]:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                values = json.loads(line)
            except ValueError:  # the last line of a process that was killed
                continue
            if values["at"] >= since:
                yield Compared(**{name: values[name] for name in names})


def _report(rows: Sequence[Compared]) -> PairReport:
    rows = sorted(rows, key=lambda each: each.at)
    known = [each.rank_correlation for each in rows if each.rank_correlation is not None]
    live_ms, shadow_ms = ([getattr(each, name) for each in rows] for name in ("live_ms", "shadow_ms"))
    return PairReport(
        live=rows[0].live,
        shadow=rows[0].shadow,
        num_requests=len(rows),
        first_at=rows[0].at,
        last_at=rows[-1].at,
        overlap_at_10=float(np.mean([each.overlap for each in rows])),
        same_top_1=float(np.mean([each.same_first for each in rows])),
        rank_correlation=float(np.mean(known)) if known else None,
        live_ms=float(np.median(live_ms)),
        shadow_ms=float(np.median(shadow_ms)),
        live_ms_p95=float(np.quantile(live_ms, 0.95)),
        shadow_ms_p95=float(np.quantile(shadow_ms, 0.95)),
        least_alike=_least_alike(rows),
    )


def _least_alike(rows: Sequence[Compared]) -> tuple[tuple[str, int, float], ...]:
    overlaps: defaultdict[str, list[float]] = defaultdict(list)
    for each in rows:
        overlaps[each.category].append(each.overlap)
    means = [
        (name, len(values), float(np.mean(values)))
        for name, values in overlaps.items()
        if len(values) >= MIN_CATEGORY
    ]
    return tuple(sorted(means, key=lambda each: each[2])[:NUM_CATEGORIES])
