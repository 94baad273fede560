"""For tests of the home in which outfits are live: rules, an item to begin with, workers that are killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa

from atelier.datasets.catalogue import Catalogue
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


def a_top(settings: Settings) -> str:
    """An item that the rules above take as a top."""
    items = Catalogue.open(settings.data_dir).items()
    return next(item.item_id for item in items if item.category == "Shirts" and item.gender == "Women")


def own_rules(settings: Settings) -> Path:
    """Write the rules above among the operators' own; they go out with the next release."""
    path = settings.rules_dir / "wear.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(RULES)
    return path


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
