"""What a publication costs when 1 % of the catalogue is new, against one from nothing.

    python benchmarks/publication.py [--repeat 3] [--items 14000] [--simulate 100000] [--json]

Needs a workspace (`ATELIER_HOME`) with data and a champion; it is only read. In a folder of its own, the
catalogue without 1 % of its items is published from nothing; then that 1 % comes in, a tenth as many items
leave, and as many change their price. Wall and CPU time are those of `jobs.publish.publish` in one process,
libraries imported and the registry opened before; clean-up (`atelier collect`) is timed besides. `ratio_cost`
is the larger of the two ratios, of medians.

`--simulate N` adds a catalogue of N items with random vectors and no model: what is left of the ratio where
embedding costs nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np

from atelier.datasets import store
from atelier.datasets.catalogue import Catalogue
from atelier.index.build import build
from atelier.index.schema import Embedded, IndexItem
from atelier.index.verify import verify
from atelier.jobs.release.collect import collect
from atelier.jobs.release.publish import Published, publish
from atelier.jobs.retrieval.champion import FAMILY
from atelier.registry.store import open_registry
from atelier.settings import Settings
from atelier.versioning.version import DataVersion, record
from atelier.vocabulary import TABLES, Item

SHARE_NEW = 0.01
SHARE_OTHERWISE = 0.001
"""Of items that leave, and of items whose price changes."""
DIMENSION = 128
THUMBNAIL_BYTES = 3_000
Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--items", type=int, help="only the first so many of the catalogue")
    parser.add_argument("--simulate", type=int, default=0, help="items of a catalogue without a model")
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    workspace = Settings()
    open_registry(workspace).version(FAMILY, "champion")  # imports, and opens the database once
    runs = [race(workspace, arguments.items) for _ in range(arguments.repeat)]
    result = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    result["ratio_cost"] = max(result["ratio_wall"], result["ratio_cpu"])
    if arguments.simulate:
        result |= simulated(arguments.simulate)
    if arguments.json:
        print(json.dumps({name: round(value, 4) for name, value in result.items()}))
    else:
        for name, value in result.items():
            print(f"{name:<32} {value:,.4f}")
    sys.exit(result["ratio_cost"] > 0.1)


def race(workspace: Settings, num_items: int | None) -> dict[str, float]:
    """One publication from nothing and one of 1 %, in a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="publication-", dir=workspace.home.parent) as folder:
        settings = Settings(
            home=Path(folder),
            tracking_uri=workspace.mlflow_uri,
            artifact_root=workspace.mlflow_artifacts,
        )
        before, after = two_states(Catalogue.open(workspace.data_dir), num_items)
        settings.data_dir.mkdir(parents=True)
        (settings.data_dir / "pictures").symlink_to(workspace.data_dir / "pictures")
        accept(settings, before)
        full, full_cost = timed(lambda: publish(settings, progress=False))
        accept(settings, after)
        partial, partial_cost = timed(lambda: publish(settings, progress=False))
        _, collect_cost = timed(lambda: collect(settings))
        assert partial.num_written < full.rows * 2 * SHARE_NEW, partial
        return {
            "ratio_wall": partial_cost[0] / full_cost[0],
            "ratio_cpu": partial_cost[1] / full_cost[1],
            **told("full", full, full_cost),
            **told("partial", partial, partial_cost),
            "collect_seconds": collect_cost[0],
        }


def told(name: str, published: Published, cost: tuple[float, float]) -> dict[str, float]:
    return {
        f"{name}_seconds": cost[0],
        f"{name}_cpu_seconds": cost[1],
        f"{name}_rows": published.rows,
        f"{name}_embedded": published.embedded,
        f"{name}_written": published.num_written,
        **{f"{name}_stage_{stage}": seconds for stage, seconds in published.stages.items()},
    }


def two_states(
    catalogue: Catalogue, num_items: int | None
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Rows of every table without 1 % of the items; and with them, while others left or changed."""
    items = catalogue.items()[:num_items]
    ids = {item.item_id for item in items}
    photos = [photo for photo in catalogue.photos() if photo.item_id is None or photo.item_id in ids]
    order = np.random.default_rng(0).permutation(len(items))
    num_new, num_other = int(SHARE_NEW * len(items)), max(1, int(SHARE_OTHERWISE * len(items)))
    new = {items[row].item_id for row in order[:num_new]}
    gone = {items[row].item_id for row in order[num_new : num_new + num_other]}
    dearer = {items[row].item_id for row in order[num_new + num_other : num_new + 2 * num_other]}
    changed = [
        replace(item, price=(item.price or 0) + 1) if item.item_id in dearer else item for item in items
    ]
    return rows_without(items, photos, new), rows_without(changed, photos, gone)


def rows_without(items: Sequence[Item], photos: Sequence[Any], ids: set[str]) -> dict[str, list[Any]]:
    return {
        **{name: [] for name in TABLES},
        "items": [item for item in items if item.item_id not in ids],
        "photos": [photo for photo in photos if photo.item_id not in ids],
    }


def accept(settings: Settings, rows: dict[str, list[Any]]) -> None:
    """Make these rows the data of a workspace."""
    store.publish(settings.data_dir, rows, {})
    digest = hashlib.md5(repr(rows).encode()).hexdigest()
    pointer = f"outs:\n- md5: {digest}.dir\n"
    record(settings, DataVersion(digest, f"{time.time()}", "benchmark", {}, {}, 0, 0, pointer, None))
    settings.data_pointer_path.write_text(pointer)


def timed(work: Callable[[], Result]) -> tuple[Result, tuple[float, float]]:
    """The result, and its wall and CPU seconds (all threads)."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - wall, time.process_time() - cpu)


def simulated(num_items: int) -> dict[str, float]:
    """The same for build and verification alone, of made-up items whose vectors cost nothing."""
    num_new = int(SHARE_NEW * num_items)
    with TemporaryDirectory(prefix="publication-") as folder:
        settings = Settings(home=Path(folder))
        items = made_up(num_items + num_new)
        _, full = timed(lambda: build_and_verify(settings, items[:num_items], "1"))
        _, partial = timed(lambda: build_and_verify(settings, items[num_new // 10 :], "2"))
    return {
        "simulated_items": num_items,
        "simulated_ratio_wall": partial[0] / full[0],
        "simulated_ratio_cpu": partial[1] / full[1],
        "simulated_full_seconds": full[0],
        "simulated_partial_seconds": partial[0],
    }


def build_and_verify(settings: Settings, items: Sequence[IndexItem], data_version: str) -> None:
    contract = json.dumps({"dimension": DIMENSION})
    built = build(settings, items, random_vectors, contract_json=contract, data_version=data_version)
    changed = None if built.changes is None else built.changes.upserted
    verify(settings, built.version, Counter(row.item.category for row in items), changed=changed)


def made_up(num_items: int) -> list[IndexItem]:
    return [
        IndexItem(
            Item(
                f"{number:08d}", f"item {number}", f"category {number % 100}", "made up", price=float(number)
            ),
            hashlib.sha256(str(number).encode()).hexdigest(),
        )
        for number in range(num_items)
    ]


def random_vectors(pictures: Sequence[str]) -> Embedded:
    random = np.random.default_rng(int(pictures[0][:8], 16))
    vectors = random.standard_normal((len(pictures), DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embedded(vectors, [os.urandom(THUMBNAIL_BYTES) for _ in pictures])


if __name__ == "__main__":
    main()
