"""How well the ranking family learns tastes from the simulated world's own clicks, against popularity.

    python benchmarks/ranker_on_clicks.py [--collections 40] [--json]

The preset `small` is trained on the first four fifths of the showings, by time, and asked about the last
fifth: the sets there are of collections that it has hardly seen. In the place of the retrieval family's
vectors stand random ones of an item's colour and pattern, with noise. `auc_within_users` of the truth is what
a ranker would reach that knows every taste; popularity is what one would take instead.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.engine.config import EngineConfig
from atelier.engine.tracker import NullTracker
from atelier.engine.trainer import fit
from atelier.families.ranking.config import ItemConfig
from atelier.families.ranking.metrics import ranking_metrics
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.presets import small
from atelier.families.ranking.sets import Sets, price_scale
from atelier.families.ranking.showings import Showings, earlier_clicks
from atelier.families.ranking.task import RankingModule, RankingTask
from atelier.simulate.stylists import NUM_USERS, StyledOutfit, show_collection, style_collection
from atelier.simulate.taste import liking, make_user
from atelier.simulate.world import COLLECTION_SIZE, SimulatedItem, make_item
from atelier.vocabulary import Click

SEED, DIMENSION = 0, 64
FACTS: dict[str, Callable[[SimulatedItem], str]] = {
    "category": lambda each: each.item.category,
    "usage": lambda each: str(each.item.usage),
    "gender": lambda each: str(each.item.gender),
    "colour": lambda each: str(each.item.colour),
    "season": lambda each: str(each.item.season),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--collections", type=int, default=40, help="400 showings each")
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    items: list[SimulatedItem] = []
    outfits: list[StyledOutfit] = []
    clicks: list[Click] = []
    for number in range(arguments.collections):
        first = number * COLLECTION_SIZE
        collection = [make_item(SEED, each) for each in range(first, first + COLLECTION_SIZE)]
        styled = style_collection(SEED, collection)
        items, outfits = items + collection, outfits + styled
        clicks += show_collection(SEED, collection, styled)
    sets, shown = _sets(items, outfits), _showings(outfits, clicks)
    cut = len(shown) * 4 // 5
    known, later = shown.take(np.arange(cut)), shown.take(np.arange(cut, len(shown)))
    start = time.perf_counter()
    found = {"ranker": _trained(sets, known, later)}
    seconds = time.perf_counter() - start
    found["truth"] = ranking_metrics(_truth(outfits, later), later.clicked_N, later.user_N)
    popular = ranking_metrics(_popularity(outfits, later), later.clicked_N, later.user_N)
    # Likes are an order, no probabilities.
    found["popularity"] = {name: popular[name] for name in ("auc_within_users", "ndcg_at_10")}
    answer = {f"{name}/{key}": round(value, 4) for name, row in found.items() for key, value in row.items()}
    answer |= {"clicks": int(known.clicked_N.sum()), "showings": cut, "seconds": round(seconds, 1)}
    print(answer, file=sys.stderr)
    if arguments.json:
        print(json.dumps(answer))


def _trained(sets: Sets, known: Showings, later: Showings) -> dict[str, float]:
    preset = small().for_items(sets.config)
    schedule = preset.schedule
    torch.manual_seed(SEED)
    module = RankingModule(RankingNetwork(preset.config.network), preset.config.loss)
    steps = schedule.num_epochs * len(known) // schedule.batch_size
    config = EngineConfig(
        max_steps=steps,
        batch_size=schedule.batch_size,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        warmup_steps=round(schedule.warmup_share * steps),
        max_grad_norm=schedule.max_grad_norm,
        ema_decay=schedule.ema_decay,
        precision=schedule.precision,
    )
    with TemporaryDirectory() as folder:
        task = RankingTask(module, sets, later)
        return fit(task, known, config, NullTracker(), Path(folder), progress=False).metrics


def _sets(items: list[SimulatedItem], outfits: list[StyledOutfit]) -> Sets:
    rng = np.random.default_rng(SEED)
    colour_N, _ = _codes([FACTS["colour"](each) for each in items])
    pattern_N, _ = _codes([each.look.pattern for each in items])
    tables = rng.normal(size=(2, max(colour_N.max(), pattern_N.max()) + 1, DIMENSION))
    vectors_ND = (
        tables[0][colour_N] + 0.5 * tables[1][pattern_N] + 0.3 * rng.normal(size=(len(items), DIMENSION))
    )
    vectors_ND /= np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    columns = {name: _codes([fact(each) for each in items]) for name, fact in FACTS.items()}
    prices_N = np.array([each.item.price or np.nan for each in items], np.float32)
    row_of = {each.item.item_id: row for row, each in enumerate(items)}
    rows_SP = np.full((len(outfits), max(len(each.items) for each in outfits)), -1, np.int64)
    for number, each in enumerate(outfits):
        rows_SP[number, : len(each.items)] = [row_of[item_id] for item_id in each.outfit.item_ids]
    return Sets(
        ItemConfig(DIMENSION, {name: size for name, (_, size) in columns.items()}, *price_scale(prices_N)),
        vectors_ND.astype(np.float32),
        np.stack([codes for codes, _ in columns.values()], 1),
        prices_N,
        rows_SP,
    )


def _codes(values: list[str]) -> tuple[NDArray[np.int64], int]:
    names, codes = np.unique(values, return_inverse=True)
    return codes + 1, len(names)


def _showings(outfits: list[StyledOutfit], clicks: list[Click]) -> Showings:
    place = {each.outfit.outfit_id: number for number, each in enumerate(outfits)}
    ordered = sorted(clicks, key=lambda click: str(click.shown_at))
    set_N = np.array([place[click.outfit_id] for click in ordered])
    user_N = np.array([int(click.user_id.rpartition("u")[2]) for click in ordered])
    clicked_N = np.array([click.clicked for click in ordered])
    propensity_N = np.array([click.propensity for click in ordered], np.float32)
    history_NH = earlier_clicks(user_N, set_N, clicked_N, small().longest_history)
    return Showings(set_N, user_N, history_NH, np.zeros(len(set_N), np.int64), clicked_N, propensity_N)


def _truth(outfits: list[StyledOutfit], shown: Showings) -> NDArray[np.float64]:
    users = [make_user(SEED, number) for number in range(NUM_USERS)]
    pairs = zip(shown.user_N, shown.set_N, strict=True)
    return np.array([liking(users[user], outfits[number].items) for user, number in pairs])


def _popularity(outfits: list[StyledOutfit], shown: Showings) -> NDArray[np.float64]:
    return np.array([np.log1p(float(outfits[number].outfit.likes or 0)) for number in shown.set_N])


if __name__ == "__main__":
    main()
