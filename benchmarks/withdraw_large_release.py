"""What it costs to withdraw an item from a release with gigabytes of weights.

    python benchmarks/withdraw_large_release.py [--gigabytes 5] [--items 2000] [--repeat 3] [--folder DIR]

Makes a workspace of its own in a temporary folder, which takes as many gigabytes as its weights and is gone
afterwards: a catalogue of made-up items with random vectors, and a release whose one large file stands for
the weights of all families. `withdraw_seconds` is the median of `jobs.release.withdraw.withdraw`, from the
call to a live release without the item: index written and verified, files linked, promoted. What it took to
stage and to promote the release at first, when its weights were new, is told besides. Fails above 2 s.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np

from atelier.index.build import build
from atelier.index.schema import Embedded, IndexItem, IndexVersion
from atelier.index.verify import Verification, verify
from atelier.jobs.release.withdraw import withdraw
from atelier.release.manifest import ModelFiles, Release
from atelier.release.store import live, promote, stage
from atelier.settings import Settings
from atelier.vocabulary import Item

DIMENSION = 128
MAX_SECONDS = 2.0
Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to make the workspace; default: the system's")
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="withdraw-", dir=arguments.folder) as folder:
        settings = Settings(home=Path(folder))
        result = measure(settings, int(arguments.gigabytes * 1e9), arguments.items, arguments.repeat)
    if arguments.json:
        print(json.dumps({name: round(value, 4) for name, value in result.items()}))
    else:
        for name, value in result.items():
            print(f"{name:<20} {value:,.3f}")
    sys.exit(result["withdraw_seconds"] > MAX_SECONDS)


def measure(settings: Settings, num_bytes: int, num_items: int, repeat: int) -> dict[str, float]:
    """Seconds of each step, by name."""
    index, verification = make_index(settings, num_items)
    weights_path = settings.home / "weights"
    with weights_path.open("wb") as file:
        file.truncate(num_bytes)
    staged, stage_seconds = timed(lambda: stage_release(settings, index, verification, weights_path))
    weights_path.unlink()
    _, promote_seconds = timed(lambda: promote(settings, staged.release_id))
    times = []
    for number in range(repeat):
        done, seconds = timed(partial(withdraw, settings, [f"{number:08d}"], "benchmark"))
        times.append(seconds)
        assert done.changed, "a release without the item was made"
    assert live(settings).index.rows == num_items - repeat
    return {
        "gigabytes": num_bytes / 1e9,
        "stage_seconds": stage_seconds,
        "promote_seconds": promote_seconds,
        "withdraw_seconds": statistics.median(times),
        "withdraw_seconds_max": max(times),
    }


def make_index(settings: Settings, num_items: int) -> tuple[IndexVersion, Verification]:
    items = [
        IndexItem(
            Item(f"{number:08d}", f"item {number}", f"category {number % 100}", "made up"),
            hashlib.sha256(str(number).encode()).hexdigest(),
        )
        for number in range(num_items)
    ]
    contract = json.dumps({"dimension": DIMENSION})
    built = build(settings, items, random_vectors, contract_json=contract, data_version="1", progress=False)
    return built.version, verify(settings, built.version, Counter(row.item.category for row in items))


def random_vectors(pictures: Sequence[str]) -> Embedded:
    random = np.random.default_rng(int(pictures[0][:8], 16))
    vectors = random.standard_normal((len(pictures), DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embedded(vectors, [bytes(1000) for _ in pictures])


def stage_release(
    settings: Settings, index: IndexVersion, verification: Verification, weights_path: Path
) -> Release:
    return stage(
        settings,
        data_version="1",
        models={"retrieval": ModelFiles("retrieval", 1, "0" * 64)},
        index=index,
        verification=verification,
        files={"retrieval/weights": weights_path},
    )


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    main()
