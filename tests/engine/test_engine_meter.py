"""Means since the last reading, a clock that runs in steps only, and a loss that must be finite."""

from __future__ import annotations

import time

import pytest
import torch

from atelier.engine.meter import Meter
from atelier.errors import TrainingError


def _meter(images_per_step: int = 8) -> Meter:
    return Meter(torch.device("cpu"), images_per_step, lambda values: values)


def test_a_reading_gives_means_since_the_one_before() -> None:
    meter = _meter()
    batches = meter.timed(range(10))
    for step, loss in enumerate((1.0, 3.0)):
        next(batches)
        meter.record(step, torch.tensor(loss), {"accuracy": torch.tensor(loss / 4)})
    values = meter.read()
    assert (values["loss"], values["accuracy"]) == (2.0, 0.5)
    next(batches)
    meter.record(2, torch.tensor(7.0), {})
    values = meter.read()
    assert values["loss"] == 7.0
    assert "accuracy" not in values


def test_two_batches_of_one_step_are_one_step_s_images() -> None:
    meter = _meter(images_per_step=100)
    batches = meter.timed(range(10))
    for step in (0, 0, 1, 1):
        next(batches)
        meter.record(step, torch.tensor(1.0), {})
    values = meter.read()
    assert values["images_per_second"] == pytest.approx(200 / meter.seconds)


def test_the_clock_runs_from_the_first_batch_to_the_reading_and_counts_the_loader() -> None:
    def slow() -> object:
        for number in range(3):
            time.sleep(0.03)
            yield number

    meter = _meter()
    batches = meter.timed(slow())  # type: ignore[arg-type]
    time.sleep(0.05)  # before the first batch is asked for: an evaluation, say
    next(batches)
    meter.record(0, torch.tensor(1.0), {})
    values = meter.read()
    assert 0.03 <= meter.seconds < 0.05
    assert values["loader_wait"] > 0.8


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_told_with_its_step(loss: float) -> None:
    meter = _meter()
    batches = meter.timed(range(3))
    for step, value in enumerate((1.0, loss)):
        next(batches)
        meter.record(step, torch.tensor(value), {})
    with pytest.raises(TrainingError, match=r"the loss of step 2 is (nan|inf), not a finite number"):
        meter.read()


def test_memory_is_at_least_what_this_process_holds() -> None:
    assert _meter().peak_memory_bytes() > 50_000_000


def test_scalars_are_averaged_over_processes() -> None:
    meter = Meter(torch.device("cpu"), 8, lambda values: values * 10)
    next(meter.timed(range(2)))
    meter.record(0, torch.tensor(1.0), {})
    assert meter.read()["loss"] == 10.0
