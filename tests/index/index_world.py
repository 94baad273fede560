"""A small catalogue of random unit vectors: enough for an index, which never looks inside a picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from atelier.index.build import Build, build
from atelier.index.schema import Embedded, IndexItem
from atelier.settings import Settings
from atelier.vocabulary import Item

DIMENSION = 16
CATEGORIES = ("Dresses", "Jeans", "Shirts", "Watches")
CONTRACT = json.dumps({"dimension": DIMENSION, "model_digest": "a" * 64})
OTHER_CONTRACT = json.dumps({"dimension": DIMENSION, "model_digest": "b" * 64})


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def catalogue(num_items: int, first: int = 0) -> list[IndexItem]:
    """Items `00000`, `00001`...; categories in turn, prices 0, 1, 2...; each third is out of stock."""
    return [
        IndexItem(
            Item(
                item_id=f"{number:05d}",
                title=f"item {number}",
                category=CATEGORIES[number % len(CATEGORIES)],
                source="test",
                gender="Women" if number % 2 else None,
                price=float(number),
                stock=number % 3,
            ),
            picture_sha256=sha256(f"picture {number}"),
        )
        for number in range(first, first + num_items)
    ]


def vector_of(picture: str) -> NDArray[np.float32]:
    """The unit vector [D] of a picture: random, and always the same for the same digest."""
    vector = np.random.default_rng(int(picture[:8], 16)).standard_normal(DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class CountingEncoder:
    """Embeds by digest and remembers what it was asked; `die_after` pictures it is killed, so to speak."""

    def __init__(self, die_after: int | None = None) -> None:
        self.asked: list[str] = []
        self.die_after = die_after

    def __call__(self, pictures: Sequence[str]) -> Embedded:
        if self.die_after is not None and len(self.asked) + len(pictures) > self.die_after:
            raise KeyboardInterrupt
        self.asked += pictures
        vectors = np.stack([vector_of(picture) for picture in pictures])
        return Embedded(vectors, [f"thumbnail of {picture}".encode() for picture in pictures])


def build_index(
    settings: Settings,
    items: Sequence[IndexItem],
    encoder: CountingEncoder | None = None,
    *,
    contract: str = CONTRACT,
    data_version: str = "d1",
    approximate_from: int = 50_000,
    rebuild: bool = False,
) -> Build:
    return build(
        settings,
        items,
        encoder or CountingEncoder(),
        contract_json=contract,
        data_version=data_version,
        approximate_from=approximate_from,
        rebuild=rebuild,
        progress=False,
    )
