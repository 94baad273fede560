"""A schedule becomes a number of steps, whatever the size of the catalogue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atelier.engine.trainer import FitReport
from atelier.families.schedule import Schedule
from atelier.lifecycle.fit import engine_config, figures_of

SCHEDULE = Schedule(num_epochs=10, batch_size=100, warmup_share=0.1, num_evaluations=4)


@pytest.mark.parametrize(
    ("num_examples", "batch_size", "max_steps"),
    [(1000, 100, 100), (1099, 100, 100), (100, 100, 10), (40, 40, 10), (1, 1, 10)],
    ids=["whole batches", "the rest is left out", "one batch", "few examples", "one example"],
)
def test_steps_are_whole_batches_of_every_epoch(num_examples: int, batch_size: int, max_steps: int) -> None:
    config = engine_config(SCHEDULE, num_examples)
    assert (config.batch_size, config.max_steps) == (batch_size, max_steps)


def test_shares_of_the_schedule_become_steps() -> None:
    config = engine_config(SCHEDULE, 4000)
    assert config.max_steps == 400
    assert config.warmup_steps == 40
    assert config.evaluate_every == 100
    assert config.checkpoint_every == 40
    assert config.log_every == 20
    short = engine_config(replace(SCHEDULE, num_epochs=1), 100)
    assert (short.max_steps, short.evaluate_every, short.checkpoint_every, short.log_every) == (1, 1, 1, 1)


def test_every_other_field_is_handed_on_as_it_is() -> None:
    schedule = Schedule(
        num_epochs=3,
        distinct_epochs=2,
        learning_rate=0.125,
        weight_decay=0.25,
        max_grad_norm=7.0,
        ema_decay=0.5,
        precision="bf16",
        channels_last=False,
        compile=True,
        num_workers=3,
        seed=11,
    )
    config = engine_config(schedule, 500)
    for name in (
        *("distinct_epochs", "learning_rate", "weight_decay", "max_grad_norm", "ema_decay", "precision"),
        *("channels_last", "compile", "num_workers", "seed"),
    ):
        assert getattr(config, name) == getattr(schedule, name), name


def test_figures_of_a_training_name_its_validation() -> None:
    report = FitReport(
        steps=5,
        seconds=3.0,
        images_per_second=12.0,
        peak_memory_bytes=2**31,
        metrics={"recall": 0.5},
        weights_from_step=5,
        resumed_from=None,
        stopped_early=False,
    )
    assert figures_of(report) == {
        "validation/recall": 0.5,
        "images_per_second": 12.0,
        "peak_memory_gb": 2.0,
        "training_seconds": 3.0,
    }
