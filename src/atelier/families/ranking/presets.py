"""Whole configurations of the ranking family, by name; the catalogue adds the facts and the scale of prices.

Each docstring counts passes and pictures; minutes are a note with the machine beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from atelier.families.ranking import training
from atelier.families.ranking.config import ItemConfig, NetworkConfig, RankingConfig, RankingPreset
from atelier.families.ranking.sets import Sets
from atelier.families.ranking.showings import Showings
from atelier.families.schedule import Schedule
from atelier.families.training import Stage, TrainingPlan
from atelier.vocabulary import Outfit


def debug() -> RankingPreset:
    """One pass of a tiny network: for tests, learns next to nothing.

    Note: seconds on two cores.
    """
    network = NetworkConfig(dimension=8, width=16, fact_width=4, num_buckets=16)
    return RankingPreset("debug", RankingConfig(network), Schedule(num_epochs=1, batch_size=64), 10, 0.0, 0)


def demo() -> RankingPreset:
    """Five passes over the showings of a simulated drop of 500 items.

    Note: some seconds on two cores.
    """
    preset = small()
    return replace(
        preset, name="demo", schedule=replace(preset.schedule, batch_size=64), min_auc=0.0, min_clicks=10
    )


def small() -> RankingPreset:
    """Five passes over 16,000 showings. Histories only: too few users to learn names.

    Twice the epochs make 1,200 clicks known by heart: the probabilities of new sets are then worse than none.
    Note: some ten seconds on two cores of a Xeon.
    """
    schedule = Schedule(
        num_epochs=5,
        batch_size=256,
        learning_rate=2e-3,
        ema_decay=0.995,
        precision="no",
        channels_last=False,
    )
    return RankingPreset(
        "small", RankingConfig(NetworkConfig(dimension=32, width=128, num_layers=0)), schedule
    )


def base() -> RankingPreset:
    """Three passes over tens of millions of showings, for one large GPU.

    Frequent users are known by name, in 200,000 buckets.
    """
    network = NetworkConfig(dimension=64, width=512, num_layers=2, fact_width=32, num_buckets=200_000)
    schedule = Schedule(num_epochs=3, batch_size=8192, learning_rate=1e-3, channels_last=False, num_workers=8)
    return RankingPreset("base", RankingConfig(network), schedule, longest_history=100)


PRESETS: dict[str, Callable[[], RankingPreset]] = {
    "debug": debug,
    "demo": demo,
    "small": small,
    "base": base,
}

PLAN = TrainingPlan(
    presets=PRESETS,
    stages=(Stage("ranker", training.ranker_training, lambda preset: preset),),
    packable=(training.RankingMaterial, training.Description, ItemConfig, Sets, Showings, Outfit),
)
