"""How a challenger takes the champion's place, or not: what the gates of all smaller families share.

Each family brings its own judge; what is judged once is not judged again, and every verdict is in writing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from atelier.jobs.retrieval.exam import Registered
from atelier.jobs.retrieval.train import current_version, run_key
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings

Judge = Callable[[Registry, ModelVersion, ModelVersion | None], dict[str, Any]]
"""Challenger and champion, if there is one -> `promoted`, its `reason`, and what there is of `difference`,
`low` and `high`."""


@dataclass(frozen=True)
class GateVerdict:
    """What a gate decided."""

    promoted: bool
    """Whether the version is the champion now."""
    reason: str
    run_id: str | None
    """The run with the report; None where the version had been the champion before."""
    champion: int | None
    """Version that is the champion now; None while none was good enough."""
    difference: float | None = None
    """Challenger's measure minus the champion's; None without one to compare with."""
    low: float | None = None
    high: float | None = None
    """Bounds of its 95 % interval."""
    seconds: float = 0.0


def champion_challenger_test(
    settings: Settings, family: str, preset: str, registered: Registered, code: str, judge: Judge
) -> GateVerdict:
    """Let `judge` compare champion and challenger, and move the alias `champion` if it says so.

    `code`: digest of the code that shapes the family's weights. A pair that was judged on this data is not
    judged again.
    """
    start = time.perf_counter()
    registry = open_registry(settings)
    champion = registry.version(family, "champion")
    challenger = registry.version(family, registered.model_version)
    assert challenger is not None, "a registered version exists"
    if champion is not None and champion.files_digest == challenger.files_digest:
        return GateVerdict(True, f"this {family} model is the champion already", None, champion.version)
    data_version = current_version(settings)
    before = champion.files_digest if champion else None
    key = run_key(f"{family}-gate", data_version, challenger.files_digest, before, code=code)
    found = registry.find_run(key)
    if found is None:
        tags = {"data_version": data_version, "preset": preset, "challenger": str(challenger.version)}
        name = f"{family}-gate-version-{challenger.version}"
        with registry.start_run(name, key, tags, family=family) as run:
            decided = judge(registry, challenger, champion)
            run.json("gate/verdict.json", decided)
            run.describe(f"Version {challenger.version}: {decided['reason']}.")
            run.tag(verdict=_word(decided))
            run_id = run.run_id
    else:
        decided, run_id = json.loads(registry.read(found.run_id, "gate/verdict.json")), found.run_id
    registry.tag_version(challenger, {"verdict": _word(decided), "gate_run": run_id})
    if decided["promoted"]:
        champion = registry.set_alias(family, "champion", challenger.version)
    number = champion.version if champion else None
    return GateVerdict(run_id=run_id, champion=number, seconds=time.perf_counter() - start, **decided)


def _word(decided: dict[str, Any]) -> str:
    return "promoted" if decided["promoted"] else "held"
