"""Four-way fill in the blank on sets of categories, against co-occurrence counts, by several seeds.

    python benchmarks/outfit_categories.py DATA_DIR [--seeds 3] [--json]

DATA_DIR holds the layout `polyvore-categories`. Sets are split as an ingest splits them (85 % for
training, 5 % validation, 10 % test); nothing is chosen by the test part. One random piece of each test
set is blanked; three wrong answers are drawn by training frequency, different from the right one and from
each other. Each seed trains the served generator of preset `small` (without a teacher) anew and asks
other questions.

Co-occurrence is scored in four ways on the same questions; the best of them is what the generator has to
beat:

- counts: how often the answer stood with each of the pieces, summed;
- conditional: the product of P(piece | answer), smoothed (naive Bayes);
- pmi: summed pointwise mutual information;
- popularity: how often the answer stands anywhere, whatever the set.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.datasets.drop import read_drop
from atelier.datasets.splits import assign_sets
from atelier.engine.tracker import NullTracker
from atelier.families.outfit.config import ItemConfig
from atelier.families.outfit.metrics import fill_in_the_blank
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.presets import small
from atelier.families.outfit.questions import Blanks, blank_out, by_frequency, padded
from atelier.families.outfit.sets import Sets
from atelier.families.outfit.task import OutfitModule, OutfitTask
from atelier.families.outfit.validation import Validation, evaluate_network
from atelier.families.training import Training
from atelier.lifecycle.fit import fit_on_schedule
from atelier.vocabulary import Split

Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    parts, num_categories = _parts(arguments.data_dir)
    rows = [_race(parts, num_categories, seed) for seed in range(arguments.seeds)]
    generator = np.array([row["generator"] for row in rows])
    answer = {
        "fill_in_the_blank": round(float(generator.mean()), 4),
        "spread": round(float(generator.std(ddof=1)), 4) if len(rows) > 1 else 0.0,
        "seeds": len(rows),
        "train_sets": len(parts[Split.TRAIN]),
        "test_sets": len(parts[Split.TEST]),
        **{
            name: round(float(np.mean([row[name] for row in rows])), 4)
            for name in rows[0]
            if name != "generator"
        },
    }
    answer["co_occurrence"] = max(answer[name] for name in ("counts", "conditional", "pmi", "popularity"))
    print(json.dumps(answer) if arguments.json else _as_text(answer))


def _parts(data_dir: Path) -> tuple[dict[str, NDArray[np.int64]], int]:
    """Sets of category numbers by split, and how many categories there are."""
    sets = assign_sets(read_drop(data_dir).rows["category_sets"])
    names = sorted({name for each in sets for name in each.categories})
    number = {name: index for index, name in enumerate(names)}
    rows: dict[str, NDArray[np.int64]] = {
        split: padded([[number[name] for name in each.categories] for each in sets if each.split == split])
        for split in Split
    }
    return rows, len(names)


def _race(parts: dict[str, NDArray[np.int64]], num: int, seed: int) -> dict[str, float]:
    train_SP, test_SP = parts[Split.TRAIN], parts[Split.TEST]
    blanks = blank_out(test_SP, by_frequency(train_SP, num), seed)
    row = {name: fill_in_the_blank(scores) for name, scores in co_occurrence(train_SP, num, blanks).items()}
    start = time.perf_counter()
    network, features = _trained(parts, num, seed)
    found = evaluate_network(network, features, {"test": Validation(blanks)})
    row |= {
        "generator": found["test/fill_in_the_blank"],
        "training_seconds": time.perf_counter() - start,
    }
    print({name: round(value, 4) for name, value in row.items()}, file=sys.stderr, flush=True)
    return row


def co_occurrence(train_SP: NDArray[np.int64], num: int, blanks: Blanks) -> dict[str, Floats]:
    """Scores [Q, A] of every answer by counting, in the ways that the module names."""
    there_SN = np.zeros((len(train_SP), num))
    for place in train_SP.T:
        np.add.at(there_SN, (np.flatnonzero(place >= 0), place[place >= 0]), 1)
    together_NN = there_SN.T @ there_SN
    together_NN -= np.diag(there_SN.sum(0))
    seen_N = there_SN.sum(0)
    scores: dict[str, list[Floats]] = {"counts": [], "conditional": [], "pmi": [], "popularity": []}
    for pieces, answers in zip(blanks.rows_QP, blanks.answers_QA, strict=True):
        context = pieces[pieces >= 0]
        counts_AC = together_NN[np.ix_(answers, context)]
        scores["counts"].append(counts_AC.sum(1))
        scores["conditional"].append(
            np.log((counts_AC + 0.5) / (seen_N[answers][:, None] + 0.5 * num)).sum(1)
        )
        expected_AC = (seen_N[answers][:, None] + num) * (seen_N[context][None] + num) / seen_N.sum()
        scores["pmi"].append(np.log((counts_AC + 1) / expected_AC).sum(1))
        scores["popularity"].append(seen_N[answers])
    return {name: np.array(rows) for name, rows in scores.items()}


def _trained(parts: dict[str, NDArray[np.int64]], num: int, seed: int) -> tuple[OutfitNetwork, ItemFeatures]:
    """The served generator of preset `small`, trained on these sets alone."""
    preset = small()
    none = torch.zeros(num, 0)
    features = ItemFeatures(none, none, none, torch.arange(1, num + 1)[:, None])
    config = replace(preset.student, items=ItemConfig(fact_sizes={"category": num}))
    torch.manual_seed(seed)
    network = OutfitNetwork(config)
    rows_SP = parts[Split.TRAIN]
    sets = Sets(rows_SP, np.zeros(len(rows_SP), np.int64), np.ones(len(rows_SP), bool))
    task = OutfitTask(OutfitModule(network, preset.loss), features)
    schedule = replace(preset.student_schedule, seed=seed)
    training = Training(task, sets, schedule, write=lambda _: None)
    with TemporaryDirectory() as folder:
        fit_on_schedule(training, NullTracker(), Path(folder), progress=False)
    return network.eval(), features


def _as_text(answer: dict[str, float]) -> str:
    return "\n".join(f"{name:<18} {value}" for name, value in answer.items())


if __name__ == "__main__":
    main()
