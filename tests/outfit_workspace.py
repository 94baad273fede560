"""A home in which outfits are trained and live, on a small simulated drop; and workers that can be killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
from family_runs import train_and_judge, why_unavailable
from shared_worlds import moved_copy

from atelier.jobs.outfit.family import OUTFIT
from atelier.jobs.release.publish import Published, publish
from atelier.lifecycle.family import TrainOutcome
from atelier.lifecycle.gate import GateOutcome
from atelier.lifecycle.register import Registered
from atelier.settings import Settings
from atelier.styling.batch_spec import BatchSpec
from atelier.styling.block import make_block

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
    runs: dict[str, TrainOutcome]
    registered: Registered
    verdict: GateOutcome
    published: Published
    rules_path: Path


def make_workspace(folder: Path, trained_home: Path) -> Workspace:
    """Train the outfit family in a copy of the shared workspace that has a champion of photo search."""
    settings = Settings(home=moved_copy(trained_home, folder / "home"))
    assert why_unavailable(settings, OUTFIT) is None
    judged = train_and_judge(settings, OUTFIT)
    rules_path = folder / "wear.yaml"
    rules_path.write_text(RULES)
    published = publish(settings, progress=False)
    return Workspace(settings, judged.runs, judged.candidate, judged.verdict, published, rules_path)


class Here:
    """Workers of this process; the last of them may be killed after some blocks."""

    def __init__(self, killed_after: int | None = None) -> None:
        self.killed_after = killed_after
        self.made: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def make(self, settings: Settings, order: BatchSpec, blocks: Sequence[int]) -> Iterator[pa.Table]:
        for block in reversed(blocks):
            if len(self.made) == self.killed_after:
                raise KeyboardInterrupt
            self.made.append(block)
            yield make_block(settings, order, block)
