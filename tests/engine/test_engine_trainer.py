"""The loop does what its configuration says."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from engine_toys import PLAIN, ToyBatch, ToyData, ToyTask, train, weights
from torch import Tensor, nn

from atelier.engine.task import Task, Tracker
from atelier.engine.tracker import ConsoleTracker, ListTracker, NullTracker
from atelier.errors import TrainingError


def linear() -> nn.Linear:
    torch.manual_seed(3)
    return nn.Linear(8, 3)


def test_the_toys_and_trackers_fit_the_protocols() -> None:
    assert isinstance(ToyTask(), Task)
    assert all(isinstance(tracker, Tracker) for tracker in (ListTracker(), ConsoleTracker(), NullTracker()))


def test_training_learns_and_reports(tmp_path: Path) -> None:
    _, tracker, report = train(
        tmp_path, replace(PLAIN, max_steps=60, log_every=10, evaluate_every=20, checkpoint_every=None)
    )
    losses = tracker.curve("train/loss")
    assert list(losses) == [10, 20, 30, 40, 50, 60]
    assert losses[60] < 0.5 * losses[10]
    assert list(tracker.curve("validation/accuracy")) == [20, 40, 60]
    assert report.metrics == {"accuracy": tracker.curve("validation/accuracy")[60]}
    assert (report.steps, report.weights_from_step, report.stopped_early) == (60, 60, False)


def test_tracker_hears_of_cost_and_settings(tmp_path: Path) -> None:
    _, tracker, report = train(tmp_path, replace(PLAIN, log_every=8, checkpoint_every=None))
    assert tracker.told_params["learning_rate"] == PLAIN.learning_rate
    last = tracker.told_metrics[-2][1]
    assert last.keys() == {
        f"train/{name}"
        for name in ("loss", "accuracy", "grad_norm", "learning_rate", "images_per_second", "loader_wait")
    } | {"train/peak_memory_bytes"}
    assert 0 <= last["train/loader_wait"] <= 1
    assert last["train/peak_memory_bytes"] > 50e6
    assert report.images_per_second == pytest.approx(
        8 * 24 / sum(8 * 8 / rate for rate in tracker.curve("train/images_per_second").values()), rel=1e-6
    )


def test_accumulated_batches_equal_one_big_batch(tmp_path: Path) -> None:
    small = replace(PLAIN, gradient_accumulation=4, batch_size=4, optimizer="sgd")
    big = replace(PLAIN, gradient_accumulation=1, batch_size=16, optimizer="sgd")
    data = ToyData(48)  # epochs of 12 and of 3 batches: the same samples in each step
    accumulated, _, _ = train(tmp_path / "small", small, ToyTask(linear(), noise=0), data)
    at_once, _, _ = train(tmp_path / "big", big, ToyTask(linear(), noise=0), data)
    for name in at_once:
        torch.testing.assert_close(accumulated[name], at_once[name], rtol=1e-5, atol=1e-6)


def test_fit_equals_a_loop_written_out_by_hand(tmp_path: Path) -> None:
    """One epoch is one batch of all the data, so that the hand-written loop needs no shuffling."""
    data = ToyData(16)
    config = replace(PLAIN, batch_size=16, max_steps=10, optimizer="sgd", max_grad_norm=0.3, weight_decay=0.1)
    got, _, _ = train(tmp_path, config, ToyTask(linear(), noise=0), data)

    module = linear()
    optimizer = torch.optim.SGD(
        [{"params": [module.weight], "weight_decay": 0.1}, {"params": [module.bias], "weight_decay": 0.0}],
        lr=0.0,
        momentum=0.9,
        nesterov=True,
    )
    for step in range(10):
        cosine = 0.5 * (1 + math.cos(math.pi * (step - 4) / 6))
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * ((step + 1) / 4 if step < 4 else cosine)
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(data.features), data.label).backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 0.3)
        optimizer.step()
    torch.testing.assert_close(got["weight"], module.weight.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(got["bias"], module.bias.detach(), rtol=1e-5, atol=1e-6)


def test_clipping_bounds_the_step(tmp_path: Path) -> None:
    """With plain SGD the weights move by learning rate times gradient: a norm of 0.01 bounds the move."""
    config = replace(
        PLAIN,
        optimizer="sgd",
        momentum=0.0,
        max_grad_norm=0.01,
        max_steps=1,
        warmup_steps=0,
        weight_decay=0.0,
    )
    before = weights(linear())
    after, tracker, _ = train(tmp_path, config, ToyTask(linear()))
    moved = torch.cat([(after[name] - before[name]).flatten() for name in after]).norm()
    assert tracker.curve("train/grad_norm")[1] > 0.1
    assert moved == pytest.approx(0.01 * config.learning_rate, rel=1e-3)


def test_module_ends_with_the_averaged_weights_and_bare(tmp_path: Path) -> None:
    averaged, _, _ = train(tmp_path / "averaged", replace(PLAIN, ema_decay=0.99))
    raw, _, _ = train(tmp_path / "raw", PLAIN)
    assert not torch.equal(averaged["0.weight"], raw["0.weight"])
    task = ToyTask()
    names = set(vars(task.module))
    train(tmp_path / "bf16", replace(PLAIN, precision="bf16"), task)
    assert set(vars(task.module)) == names


class Scripted(ToyTask):
    """Evaluates to a given sequence of values."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = iter(values)

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        assert not module.training
        assert not torch.is_grad_enabled()
        return {"score": next(self.values)}


def test_patience_ends_the_run_at_the_best_weights(tmp_path: Path) -> None:
    config = replace(
        PLAIN,
        evaluate_every=2,
        early_stop_metric="score",
        early_stop_patience=2,
        final_weights="best",
        ema_decay=0.9,
    )
    best, _, report = train(tmp_path / "best", config, Scripted([0.1, 0.5, 0.5, math.nan, 0.9]))
    assert (report.steps, report.weights_from_step, report.stopped_early) == (8, 4, True)
    assert report.metrics == {"score": 0.5}
    last, _, report = train(
        tmp_path / "last", replace(config, final_weights="last"), Scripted([0.1, 0.5, 0.5, 0.3])
    )
    assert (report.weights_from_step, report.metrics) == (8, {"score": 0.3})
    assert not torch.equal(best["0.weight"], last["0.weight"])


def test_less_can_be_better(tmp_path: Path) -> None:
    config = replace(
        PLAIN,
        max_steps=6,
        evaluate_every=2,
        early_stop_metric="score",
        early_stop_goal="min",
        final_weights="best",
    )
    _, _, report = train(tmp_path, config, Scripted([0.5, 0.1, 0.4]))
    assert (report.weights_from_step, report.metrics) == (4, {"score": 0.1})


def test_an_unknown_metric_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="early_stop_metric is 'recall', but the task evaluates accuracy"):
        train(tmp_path, replace(PLAIN, early_stop_metric="recall"))


@pytest.mark.parametrize("log_every", [1, 20])
def test_a_loss_that_is_not_finite_stops_the_run_with_its_step(tmp_path: Path, log_every: int) -> None:
    class Exploding(ToyTask):
        calls = 0

        def loss(self, module: nn.Module, batch: ToyBatch) -> tuple[Tensor, dict[str, Tensor]]:
            self.calls += 1
            loss, scalars = super().loss(module, batch)
            return (loss * math.inf if self.calls == 7 else loss), scalars

    with pytest.raises(TrainingError, match=r"loss of step 7 is inf.*learning_rate"):
        train(tmp_path, replace(PLAIN, log_every=log_every), Exploding())
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000005"]


def test_data_smaller_than_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has 5 samples, but one batch for each of 1 process"):
        train(tmp_path, PLAIN, data=ToyData(5))


def test_teacher_and_student_may_differ_in_precision(tmp_path: Path) -> None:
    for precision in ("bf16", "no", "bf16"):
        seen: list[torch.dtype] = []

        class Watching(ToyTask):
            def loss(self, module: nn.Module, batch: ToyBatch) -> tuple[Tensor, dict[str, Tensor]]:
                seen.append((batch.features @ batch.features.T).dtype)  # noqa: B023
                return super().loss(module, batch)

        config = replace(PLAIN, precision=precision, max_steps=2)
        train(tmp_path / f"{precision}", config, Watching())
        assert set(seen) <= {torch.bfloat16 if precision == "bf16" else torch.float32}


def test_channels_last_weights_resume_and_end_as_they_should(tmp_path: Path) -> None:
    class Convolving(ToyTask):
        def __init__(self) -> None:
            torch.manual_seed(0)
            super().__init__(nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Flatten(), nn.Linear(32, 3)))
            self.validation.features = self.validation.features.view(-1, 1, 2, 4)

        def prepare(self, batch: ToyBatch, generator: torch.Generator) -> ToyBatch:
            batch = super().prepare(batch, generator)
            return ToyBatch(batch.features.view(-1, 1, 2, 4), batch.label)

    task = Convolving()
    config = replace(PLAIN, channels_last=True)
    expected, _, _ = train(tmp_path / "whole", config, task)
    again, _, _ = train(tmp_path / "whole", config, Convolving())
    assert all(torch.equal(again[name], expected[name]) for name in expected)
