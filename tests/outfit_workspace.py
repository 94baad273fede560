"""A home in which outfits are trained and live, on a small simulated drop; and workers that can be killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa

from atelier.jobs.data.ingest import ingest
from atelier.jobs.outfit.exam import register_outfits
from atelier.jobs.outfit.gate import gate_outfits
from atelier.jobs.outfit.material import why_no_outfits
from atelier.jobs.outfit.train import distill_outfits, train_outfits
from atelier.jobs.release.publish import Published, publish
from atelier.jobs.retrieval.distill import distill
from atelier.jobs.retrieval.exam import Registered, register
from atelier.jobs.retrieval.gate import gate
from atelier.jobs.retrieval.train import TrainOutcome, train
from atelier.lifecycle.gate import GateVerdict
from atelier.settings import Settings
from atelier.simulate.drop import simulate
from atelier.styling.batch_spec import Order
from atelier.styling.bulk import make_block

NUM_ITEMS = 260
RULES = """
slots:
  top: {category: [Tshirts, Shirts, Tops, Sweaters, Sweatshirts]}
  bottom: {category: [Jeans, Trousers, Skirts, Shorts, Leggings]}
  shoes: {category: [Sneakers, Heels, Boots, Sandals, Formal Shoes, Flip Flops]}
sets:
  - required: [top, bottom, shoes]
never:
  - [{category: Flip Flops}, {category: Trousers}]
"""


@dataclass(frozen=True)
class Workspace:
    """A home in which an outfit model was trained and went live."""

    settings: Settings
    teacher: TrainOutcome
    student: TrainOutcome
    registered: Registered
    verdict: GateVerdict
    published: Published
    rules_path: Path


def make_workspace(folder: Path) -> Workspace:
    """Takes a minute: every file of tests makes one."""
    settings = Settings(home=folder / "home")
    simulate(folder / "drop", NUM_ITEMS, seed=5, progress=False)
    ingest(settings, folder / "drop", progress=False)
    assert why_no_outfits(settings) == "no retrieval model passed its gate, with which items could be seen"
    seen = train(settings, "debug", progress=False)
    taught = distill(settings, "debug", seen, progress=False)
    gate(settings, "debug", register(settings, "debug", taught, seen, progress=False), progress=False)
    assert why_no_outfits(settings) is None
    teacher = train_outfits(settings, "debug", progress=False)
    student = distill_outfits(settings, "debug", teacher, progress=False)
    registered = register_outfits(settings, "debug", student, teacher, progress=False)
    verdict = gate_outfits(settings, "debug", registered, progress=False)
    rules_path = folder / "wear.yaml"
    rules_path.write_text(RULES)
    published = publish(settings, progress=False)
    return Workspace(settings, teacher, student, registered, verdict, published, rules_path)


class Here:
    """Workers of this process; the last of them may be killed after some blocks."""

    def __init__(self, killed_after: int | None = None) -> None:
        self.killed_after = killed_after
        self.made: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def make(self, settings: Settings, order: Order, blocks: Sequence[int]) -> Iterator[pa.Table]:
        for block in reversed(blocks):
            if len(self.made) == self.killed_after:
                raise KeyboardInterrupt
            self.made.append(block)
            yield make_block(settings, order, block)
