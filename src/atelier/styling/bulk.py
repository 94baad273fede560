"""Sets by the million: blocks of sets, each made by itself, by whatever workers there are.

A block depends on the order and its number alone, so that it does not matter who makes it, or when: a killed
job goes on with the blocks that are missing.

N = items, B = sets of a block
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from atelier.errors import QueryError
from atelier.index.sets import BulkSetTable
from atelier.progress import Progress
from atelier.release.store import live
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.batch_spec import BatchSpec
from atelier.styling.stylist import Stylist
from atelier.styling.workers import Processes, Workers

_EVEN_USE = 3
"""Without a limit of its own, an item may stand in so many times the sets that even use would give it."""


@dataclass(frozen=True)
class Generated:
    """The outcome of a batch."""

    table: str
    release_id: str
    num_sets: int
    num_wanted: int
    """More than `num_sets` only where the pool was used up."""
    most_uses: int
    """Sets that the most used item stands in."""
    num_items_used: int
    mean_score: float
    num_made_now: int
    """Sets that this call made; the others were there."""
    seconds: float
    sets_per_hour: float
    """Of those made now, starting the workers included."""


def generate(
    settings: Settings,
    rules: str,
    num: int,
    table_path: Path,
    *,
    where: str | None = None,
    most_uses: int | None = None,
    variety: float = 0.0,
    seed: int = 0,
    workers: Workers | None = None,
    progress: bool = True,
) -> Generated:
    """Make sets under rules (a name or a file) from the live release's items into a Lance table.

    The same call after a kill makes what is missing; of another order's table it says so
    (CatalogueIndexError). RulesError: the rules are wrong, or no set can be made. QueryError: `where` is
    wrong, or `num` is.
    """
    start = time.perf_counter()
    if num < 1:
        raise QueryError(f"count: expected 1 set or more, got {num}")
    # Entered before an index is opened: whoever starts processes here must not fork LanceDB's threads.
    with workers or Processes() as busy:
        stylist = Stylist.open(settings, live(settings), where)
        text = stylist.rules_text(rules)
        pool = stylist.assembler(parse_rules(text, rules)).pool
        if most_uses is None:
            longest = max(map(len, pool.graph.plans))
            most_uses = _EVEN_USE * -(-num * longest // len(pool))
        order = BatchSpec(stylist.release.release_id, text, where, num, most_uses, variety, seed)
        table = BulkSetTable(table_path, json.dumps(asdict(order), sort_keys=True))
        missing = sorted(set(range(order.num_blocks)) - table.finished())
        num_before = len(table)
        with Progress("making sets", num, unit="sets", done=num_before, shown=progress) as bar:
            for block in busy.make(settings, order, missing):
                table.add(block)
                bar.update(block.num_rows)
    return _report(table, table_path, order, len(table) - num_before, time.perf_counter() - start)


def _report(table: BulkSetTable, path: Path, order: BatchSpec, num_now: int, seconds: float) -> Generated:
    sets = table.read()
    uses = sets["item_ids"].combine_chunks().flatten().value_counts().field("counts")
    return Generated(
        table=str(path),
        release_id=order.release_id,
        num_sets=sets.num_rows,
        num_wanted=order.num,
        most_uses=max(uses.to_pylist(), default=0),
        num_items_used=len(uses),
        mean_score=float(np.mean(sets["score"].to_numpy())) if sets.num_rows else 0.0,
        num_made_now=num_now,
        seconds=round(seconds, 2),
        sets_per_hour=round(3600 * num_now / seconds),
    )
