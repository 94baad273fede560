"""Does the hidden taste of the simulated world prefer generated sets to random ones, and to its experts'?

    ATELIER_HOME=... python benchmarks/outfit_taste.py [--items 10000] [--sets 300] [--seed 0] [--json]

With `--items`, an empty workspace is filled first: a simulated drop of so many items, a retrieval model of
preset `debug`, which sees next to nothing, and an outfit model of preset `small`, published. Else the live
release is asked, which was trained on simulated fashion (`make demo`).

Around random items of the release three sets are made under the same ready-made rules: the generator's best;
a random one, each piece drawn evenly from what the rules allow; and, for the third comparison, an expert's
set from the held-out part of the data beside a generated one around its first item. The hidden taste
(`simulate/taste.py`), which no model sees, scores all of them; a tie counts half.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.errors import RulesError
from atelier.families.outfit.picking import Assembly
from atelier.jobs.data.ingest import ingest
from atelier.jobs.outfit.family import OUTFIT
from atelier.jobs.release.publish import publish
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle.gate import gate
from atelier.lifecycle.register import register
from atelier.lifecycle.runs import train_family
from atelier.release.store import live
from atelier.settings import Settings
from atelier.simulate.drop import simulate
from atelier.simulate.taste import compatibility
from atelier.simulate.world import item_of
from atelier.styling.stylist import Stylist, Wishes
from atelier.vocabulary import Split

RULES = ("womens-wear", "mens-wear")
_WORLD = 21
"""Seed of the world that `--items` makes."""
_EVENLY = Assembly(num_candidates=10**6, num_best=10**6, temperature=1e6)
"""Every item that the rules allow has the same chance."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, help="fill an empty workspace with a world of this size")
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    settings = Settings()
    if arguments.items is not None:
        _fill(settings, arguments.items)
    stylist = Stylist.open(settings, live(settings))
    answer = _against_random(stylist, arguments.sets, arguments.seed)
    answer |= _against_experts(stylist, Catalogue.open(settings.data_dir))
    print(json.dumps(answer) if arguments.json else "\n".join(f"{k:<24} {v}" for k, v in answer.items()))


def _fill(settings: Settings, num_items: int) -> None:
    """All that the daily flow does, with a retrieval model that costs nothing."""
    drop = settings.home / "simulated"
    simulate(drop, num_items, seed=_WORLD)
    ingest(settings, drop)
    for family, preset in ((RETRIEVAL, "debug"), (OUTFIT, "small")):
        outcomes = train_family(settings, family, preset)
        gate(settings, family, preset, register(settings, family, preset, outcomes))
    publish(settings)


def _against_random(stylist: Stylist, num: int, seed: int) -> dict[str, float]:
    made: list[float] = []
    random: list[float] = []
    for name in RULES:
        assembler = stylist.assembler(name)
        rows = np.random.default_rng(seed).permutation(assembler.pool.item_R)
        evenly = assembler.anew(_EVENLY, seed)
        for row in rows:
            other = evenly.make(np.array([row])).items_BP
            if not len(other) or len(made) >= num * (RULES.index(name) + 1) // len(RULES):
                continue
            (best,) = stylist.make([stylist.item_ids[row]], name, Wishes(seed=seed))
            made.append(_taste([piece.item_id for piece in best.pieces]))
            random.append(_taste([stylist.item_ids[item] for item in other[0] if item >= 0]))
    return {
        "pairs": len(made),
        "preferred_to_random": _preferred(made, random),
        "mean_generated": round(float(np.mean(made)), 4),
        "mean_random": round(float(np.mean(random)), 4),
    }


def _against_experts(stylist: Stylist, catalogue: Catalogue) -> dict[str, float]:
    made: list[float] = []
    experts: list[float] = []
    for outfit in catalogue.outfits(Split.TEST):
        for name in RULES:
            try:
                (best,) = stylist.make(outfit.item_ids[:1], name)
            except RulesError:
                continue
            made.append(_taste([piece.item_id for piece in best.pieces]))
            experts.append(_taste(outfit.item_ids))
            break
    return {
        "expert_pairs": len(made),
        "preferred_to_experts": _preferred(made, experts),
        "mean_experts": round(float(np.mean(experts)), 4) if experts else 0.0,
    }


def _taste(item_ids: Sequence[str]) -> float:
    return compatibility([item_of(item_id) for item_id in item_ids])


def _preferred(first: Sequence[float], second: Sequence[float]) -> float:
    wins = [(a > b) + 0.5 * (a == b) for a, b in zip(first, second, strict=True)]
    return round(float(np.mean(wins)), 4) if wins else 0.0


if __name__ == "__main__":
    main()
