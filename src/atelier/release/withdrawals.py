"""Items that were taken down: who may not be found, since when and why. `releases/withdrawn.jsonl`.

The record only grows; a later line of an item overrules an earlier one. Every publication consults it, so
that a withdrawn item does not come back with the next drop.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from atelier.settings import Settings

_RECORD = "withdrawn.jsonl"


@dataclass(frozen=True)
class Withdrawal:
    """One line of the record."""

    item_id: str
    reason: str
    at: str
    """ISO 8601, UTC."""
    withdrawn: bool
    """False: from here on it may be found again."""


def withdrawals(settings: Settings) -> dict[str, Withdrawal]:
    """Map item ids to the withdrawals in force, in the order in which they were made."""
    in_force: dict[str, Withdrawal] = {}
    for line in _lines(settings):
        in_force.pop(line.item_id, None)
        if line.withdrawn:
            in_force[line.item_id] = line
    return in_force


def record(settings: Settings, item_ids: Sequence[str], reason: str, *, withdrawn: bool) -> None:
    """Record, durably, that these items are withdrawn from now on, or reinstated."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    lines = [Withdrawal(item_id, reason, at, withdrawn) for item_id in item_ids]
    settings.releases_dir.mkdir(parents=True, exist_ok=True)
    with (settings.releases_dir / _RECORD).open("a") as file:
        # The line break comes first: a torn last line, of a process killed here, spoils no later one.
        file.writelines("\n" + json.dumps(asdict(line), ensure_ascii=False) for line in lines)
        file.flush()
        os.fsync(file.fileno())


def ever_withdrawn(settings: Settings) -> set[str]:
    """Collect the ids of all items that were withdrawn at some time, those reinstated since included."""
    return {line.item_id for line in _lines(settings) if line.withdrawn}


def was_any_reinstated(settings: Settings) -> bool:
    """Test whether some item was ever reinstated: then an index may lack more than is withdrawn now."""
    return any(not line.withdrawn for line in _lines(settings))


def digest_of(item_ids: Collection[str]) -> str:
    """Hash a set of ids to 16 hexadecimal digits, for `IndexVersion.withdrawn`; empty for none."""
    if not item_ids:
        return ""
    return hashlib.sha256(json.dumps(sorted(item_ids)).encode()).hexdigest()[:16]


def _lines(settings: Settings) -> Iterator[Withdrawal]:
    path = settings.releases_dir / _RECORD
    for line in path.read_text().split("\n") if path.exists() else []:
        try:
            yield Withdrawal(**json.loads(line))
        except (ValueError, TypeError):  # the empty first line, or what a killed process left of one
            continue
