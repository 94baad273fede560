"""`releases/history.jsonl`: every step from one live release to another, for roll-backs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from atelier.release.durable import append_line

_HISTORY = "history.jsonl"


def remember(
    releases_dir: Path, release_id: str, before: str | None, why: str, in_place_of: str | None
) -> None:
    """Record, durably, that `release_id` went live after `before`.

    `in_place_of` names the release whose place on the way back it takes.
    """
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "release_id": release_id,
        "before": before,
        "why": why,
    }
    if in_place_of not in (None, release_id):
        entry["in_place_of"] = in_place_of
    append_line(releases_dir / _HISTORY, json.dumps(entry))


def trail(releases_dir: Path, live_id: str | None) -> list[str]:
    """Read the way to the live release: each was live before the next. A roll-back goes back along it.

    A process killed between `live` and the history leaves a step unremembered; the next entry's `before`, or
    `live_id` itself, tells where it led.
    """
    found: list[str] = []
    for entry in _entries(releases_dir / _HISTORY):
        _arrive(found, entry["before"])
        if "in_place_of" in entry:
            _arrive(found, entry["in_place_of"])
            found[-1] = entry["release_id"]
        _arrive(found, entry["release_id"], is_back=entry["why"] == "rollback")
    _arrive(found, live_id)
    return found


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            yield json.loads(line)
        except ValueError:  # the empty first line, or what a killed process left of one
            continue


def _arrive(found: list[str], release_id: str | None, is_back: bool = True) -> None:
    if release_id is None or found[-1:] == [release_id]:
        return
    if is_back and release_id in found:
        del found[found.index(release_id) :]
    found.append(release_id)
