"""Sets by the million: blocks of sets, each made by itself, by whatever workers there are.

A block depends on the order and its number alone, so that it does not matter who makes it, or when: a killed
job goes on with the blocks that are missing.

N = items, B = sets of a block
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from atelier.errors import QueryError
from atelier.families.outfit.assembly import Assembler
from atelier.families.outfit.picking import Assembly
from atelier.families.outfit.pool import Ints
from atelier.families.outfit.questions import compatibility
from atelier.index.sets import SCHEMA, SetTable
from atelier.progress import Progress
from atelier.release.store import live, show
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.batch_spec import Order
from atelier.styling.stylist import Stylist
from atelier.styling.workers import Processes, Workers

_EVEN_USE = 3
"""Without a limit of its own, an item may stand in so many times the sets that even use would give it."""


@dataclass(frozen=True)
class Generated:
    """What became of an order."""

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
        order = Order(stylist.release.release_id, text, where, num, most_uses, variety, seed)
        table = SetTable(table_path, json.dumps(asdict(order), sort_keys=True))
        missing = sorted(set(range(order.num_blocks)) - table.finished())
        num_before = len(table)
        with Progress("making sets", num, unit="sets", done=num_before, shown=progress) as bar:
            for block in busy.make(settings, order, missing):
                table.add(block)
                bar.update(block.num_rows)
    return _report(table, table_path, order, len(table) - num_before, time.perf_counter() - start)


def make_block(settings: Settings, order: Order, block: int) -> pa.Table:
    """One block of an order, as rows of `SCHEMA`. The work of one core."""
    with threadpool_limits(1):
        stylist, assembler = _compiled(settings, order.release_id, order.where, order.rules)
        limits_N = _limits(order, block, len(stylist.item_ids))
        maker = assembler.anew(
            Assembly(variety=order.variety), order.seed * order.num_blocks + block, limits_N
        )
        first, last = (len(maker.pool) * end // order.num_blocks for end in (block, block + 1))
        made = maker.make_many(order.sets_of(block), slice(first, last))
        scores_B = compatibility(stylist.generator, stylist.vectors_ND, made.items_BP)
    return pa.table(
        [
            pa.array(
                [f"{order.seed}-{block:05d}-{number:05d}" for number in range(len(scores_B))], pa.string()
            ),
            pa.array(np.full(len(scores_B), block, np.int32)),
            _lists(made.items_BP, stylist.item_ids),
            _lists(made.slots_BP, [slot.name for slot in assembler.graph.rules.slots]),
            pa.array(scores_B.astype(np.float32)),
        ],
        schema=SCHEMA,
    )


@lru_cache(maxsize=1)
def _compiled(
    settings: Settings, release_id: str, where: str | None, rules: str
) -> tuple[Stylist, Assembler]:
    """A worker's own; made for its first block."""
    stylist = Stylist.open(settings, show(settings, release_id), where)
    return stylist, stylist.assembler(parse_rules(rules))


def _limits(order: Order, block: int, num_items: int) -> Ints:
    """How often each item may be used in a block, so that all blocks together keep `most_uses`.

    What does not divide evenly goes to some of the blocks, from one on that is drawn for each item.
    """
    first_N = np.random.default_rng(order.seed).integers(order.num_blocks, size=num_items)
    each, over = divmod(order.most_uses, order.num_blocks)
    return each + ((block - first_N) % order.num_blocks < over)


def _lists(rows_BP: Ints, names: Sequence[str]) -> pa.ListArray:
    """Rows of numbers, -1 behind the last, as lists of names."""
    known_BP = rows_BP >= 0
    offsets = np.concatenate([[0], np.cumsum(known_BP.sum(1))]).astype(np.int32)
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.array(names, pa.string()).take(pa.array(rows_BP[known_BP]))
    )


def _report(table: SetTable, path: Path, order: Order, num_now: int, seconds: float) -> Generated:
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
