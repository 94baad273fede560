"""Makes one block of a batch of sets: the work of one core, wherever that is.

N = items, B = sets of a block
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from atelier.families.outfit.assembly import Assembler
from atelier.families.outfit.picking import Assembly
from atelier.families.outfit.pool import Ints
from atelier.families.outfit.questions import compatibility
from atelier.index.sets import SCHEMA
from atelier.release.store import show
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.batch_spec import BatchSpec
from atelier.styling.stylist import Stylist


def make_block(settings: Settings, order: BatchSpec, block: int) -> pa.Table:
    """Make one block of a batch, as rows of `SCHEMA`. The work of one core."""
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


def _limits(order: BatchSpec, block: int, num_items: int) -> Ints:
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
