"""Reports of shadow pairs, and a log that forgets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from atelier.serving.shadow_log import KEEP_DAYS, Compared, ShadowLog, report


def line_at(at: datetime, overlap: float, **changes: Any) -> Compared:
    line = Compared(
        at=at.isoformat(timespec="milliseconds"),
        request_id="r",
        live="a",
        shadow="b",
        category="Jeans",
        boxed=False,
        depth=10,
        overlap=overlap,
        same_first=overlap > 0.5,
        rank_correlation=None,
        live_ms=10.0,
        shadow_ms=20.0,
        live_ids=("1",),
        shadow_ids=("1",),
    )
    return replace(line, **changes)


def test_a_report_tells_how_each_pair_agreed_in_the_days_asked_for(tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    log = ShadowLog(tmp_path)
    log.write(line_at(now - timedelta(days=9), 0.0))
    for number in range(20):
        log.write(line_at(now - timedelta(hours=number), 1.0 if number % 2 else 0.4, rank_correlation=0.5))
    for _ in range(10):
        log.write(line_at(now - timedelta(days=1), 0.1, category="Watches"))
    log.write(line_at(now - timedelta(days=3), 0.9, shadow="c"))
    with (tmp_path / f"{now:%Y-%m-%d}.jsonl").open("a") as file:
        file.write('{"at": "2026-11-2')
    first, second = report(tmp_path, days=7, now=now)
    assert (first.live, first.shadow, first.num_requests) == ("a", "b", 30)
    assert first.overlap_at_10 == pytest.approx((10 * 1.0 + 10 * 0.4 + 10 * 0.1) / 30)
    assert first.same_top_1 == pytest.approx(10 / 30)
    assert first.rank_correlation == pytest.approx(0.5)
    assert (first.live_ms, first.shadow_ms) == (10, 20)
    assert [(name, num) for name, num, _ in first.least_alike] == [("Watches", 10), ("Jeans", 20)]
    assert [overlap for _, _, overlap in first.least_alike] == pytest.approx([0.1, 0.7])
    assert (second.shadow, second.num_requests, second.rank_correlation) == ("c", 1, None)
    assert report(tmp_path / "none") == []


def test_a_log_forgets_after_its_days(tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    log = ShadowLog(tmp_path)
    for days in (KEEP_DAYS + 2, KEEP_DAYS - 1, 0):
        log.write(line_at(now - timedelta(days=days), 1.0))
    assert [path.stem for path in sorted(tmp_path.iterdir())] == ["2026-10-24", "2026-11-22"]
