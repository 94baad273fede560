"""Complete sets an hour from a pool of a million items, under rules, and how long one set takes.

    python benchmarks/outfit_throughput.py [--items 1000000] [--sets 250000] [--rules NAME ...] [--json]

For each rule file a pool of its trade is made up: items with every fact that the rules speak of, at random,
and random unit vectors. The generator is the DAN with untrained weights: what it likes costs nothing, what it
computes does. `--processes` workers (one a core) share the pool and make sets around random triggers, as the
bulk job does: those that are alike together.
Every set is checked by `outfit_checker.py`, which shares no code with the generator. `sets_per_hour` is the
slowest file's; compiling the rules and sorting the pool are timed apart, as a pool is made ready once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml
from outfit_checker import Checker

from atelier.families.outfit.assembly import Assembler
from atelier.families.outfit.inference import OnnxGenerator, OutfitContract
from atelier.families.outfit.picking import Assembly
from atelier.families.outfit.pool import Pool
from atelier.rules.conditions import Attributes
from atelier.rules.file import load_rules, ready_made
from atelier.rules.graph import compile_rules

DIMENSION = 96
BLOCK = 16_384
SINGLES = 300
_POOL: list[Any] = []
"""The pool and the generator's file, in a worker that was forked with them."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--sets", type=int, default=250_000, help="for each rule file")
    parser.add_argument("--rules", nargs="*", default=list(ready_made()), choices=list(ready_made()))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--most-uses", type=int, default=50, help="sets that an item may stand in, a worker")
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        generator = _untrained(Path(folder))
        rows = {name: _race(name, arguments, *generator) for name in arguments.rules}
    answer = {
        "sets_per_hour": min(row["sets_per_hour"] for row in rows.values()),
        "sets": sum(row["sets"] for row in rows.values()),
        "violations": sum(row["violations"] for row in rows.values()),
        "p99_ms": max(row["p99_ms"] for row in rows.values()),
        **{f"{name}/{key}": value for name, row in rows.items() for key, value in row.items()},
    }
    if arguments.json:
        print(json.dumps(answer))


def _race(name: str, arguments: argparse.Namespace, folder: Path, contract: OutfitContract) -> dict[str, Any]:
    rules = load_rules(ready_made()[name])
    items = made_up(name, arguments.items)
    start = time.perf_counter()
    facts = Attributes.of({str(fact): items[fact].tolist() for fact in items})
    vectors_ND = np.random.default_rng(0).normal(size=(len(items), DIMENSION)).astype(np.float32)
    vectors_ND /= np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    pool = Pool(compile_rules(rules, facts), vectors_ND)
    ready_seconds = time.perf_counter() - start
    _POOL[:] = [pool, folder, contract, arguments.most_uses]
    num = arguments.sets // arguments.processes
    start = time.perf_counter()
    # Forked, so that the workers share the pool's memory.
    with ProcessPoolExecutor(arguments.processes, mp_context=get_context("fork")) as workers:
        parts = list(workers.map(_make, range(arguments.processes), [num] * arguments.processes))
    seconds = time.perf_counter() - start
    items_BP, slots_BP = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    violations = Checker(ready_made()[name], items).violations(items_BP, slots_BP)
    row = {
        "sets": len(items_BP),
        "sets_per_hour": round(3600 * len(items_BP) / seconds),
        "violations": sum(violations.values()),
        "p99_ms": _p99_of_one(pool, folder, contract),
        "cells": pool.graph.cells.num_cells,
        "ready_seconds": round(ready_seconds, 1),
        "mean_pieces": round(float((items_BP >= 0).sum(1).mean()), 2),
        "most_uses": int(np.bincount(items_BP[:, 1:][items_BP[:, 1:] >= 0]).max()),
    }
    print(f"{name}: {row} {violations or ''}", file=sys.stderr)
    return row


def _make(seed: int, num_sets: int) -> tuple[np.ndarray, np.ndarray]:
    pool, folder, contract, most_uses = _POOL
    assembler = Assembler(pool, OnnxGenerator(folder, contract), Assembly(most_uses=most_uses), seed)
    rng = np.random.default_rng(seed)
    made = []
    num_made = 0
    while num_made < num_sets:
        # Triggers at random; those that are alike are beside each other in the pool, and are taken together.
        rows = np.sort(rng.choice(len(pool), num_sets - num_made))
        for part in np.split(rows, range(BLOCK, len(rows), BLOCK)):
            made.append(assembler.make(pool.item_R[part]))
            num_made += len(made[-1].items_BP)
        if not len(made[-1].items_BP):
            raise SystemExit("the pool is used up: fewer sets, or a larger --most-uses")
    return np.concatenate([part.items_BP for part in made]), np.concatenate([part.slots_BP for part in made])


def _p99_of_one(pool: Pool, folder: Path, contract: OutfitContract) -> float:
    """Of one set for one trigger, in milliseconds, as a request asks; states met before are remembered."""
    assembler = Assembler(pool, OnnxGenerator(folder, contract), Assembly())
    triggers = np.random.default_rng(1).choice(pool.item_R, SINGLES)
    times = []
    for trigger in triggers:
        start = time.perf_counter()
        assembler.make(np.array([trigger]))
        times.append(1e3 * (time.perf_counter() - start))
    return round(float(np.percentile(times, 99)), 2)


def _untrained(folder: Path) -> tuple[Path, OutfitContract]:
    import torch

    from atelier.families.outfit.config import ItemConfig, NetworkConfig
    from atelier.families.outfit.export import export_network
    from atelier.families.outfit.model import OutfitNetwork

    torch.manual_seed(0)
    network = OutfitNetwork(NetworkConfig(ItemConfig(fact_sizes={"category": 1}), dimension=DIMENSION))
    return folder, export_network(network, {"category": ("any",)}, "", folder)


def made_up(name: str, num_items: int, seed: int = 0) -> pd.DataFrame:
    """Items with the facts that a rule file speaks of: each value it names, one it does not, and none."""
    content = yaml.safe_load(ready_made()[name].read_text(encoding="utf-8"))
    values: dict[str, list[Any]] = {}
    _gather(content, values)
    compared = [content.get("agree") or [], content.get("differ") or []]
    for fact in (fact for each in compared for fact in ([each] if isinstance(each, str) else each)):
        values.setdefault(fact, [])
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for fact, named in values.items():
        known = list(dict.fromkeys(value for value in named if value is not None))
        if fact == "shop":
            known = [f"Shop {number}" for number in range(50)]
        elif fact != "category":
            known += ["Something else", None]
        if fact == "season":
            known = [*known, "Spring", "Summer", "Fall", "Winter"]
        columns[fact] = np.array(known, dtype=object)[rng.integers(len(known), size=num_items)]
    columns["price"] = np.round(np.exp(rng.normal(4.2, 0.8, num_items)), 2)
    return pd.DataFrame(columns)


def _gather(value: Any, values: dict[str, list[Any]], fact: str | None = None) -> None:
    """Collect the values that conditions name, by fact."""
    facts = {"category", "subcategory", "gender", "season", "usage", "style", "scene", "shop"}
    if isinstance(value, dict):
        for key, inner in value.items():
            _gather(inner, values, key if key in facts else fact if key in {"not", "neutral"} else None)
    elif isinstance(value, list):
        for inner in value:
            _gather(inner, values, fact)
    elif fact is not None:
        values.setdefault(fact, []).append(value)


if __name__ == "__main__":
    main()
