"""Where a run stands: what is due, which weights are best, and a checkpoint that brings it back."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from engine_toys import CONFIG, PLAIN
from torch import nn

from atelier.engine.config import EngineConfig
from atelier.engine.optimizer import build_optimizer
from atelier.engine.run import Run, fingerprint_of, weights_of
from atelier.errors import TrainingError


def _run(config: EngineConfig = CONFIG) -> Run:
    torch.manual_seed(0)
    module = nn.Linear(3, 2)
    return Run(module, build_optimizer(module, config), None, config, fingerprint_of(module, config, 10, 1))


def _step(run: Run) -> None:
    run.module(torch.ones(1, 3)).sum().backward()
    run.optimizer.step()
    run.optimizer.zero_grad()
    run.end_step()


def test_evaluations_checkpoints_and_the_end_are_due_at_their_steps() -> None:
    run = _run(replace(CONFIG, max_steps=10, evaluate_every=4, checkpoint_every=3, log_every=5))
    due: dict[str, list[int]] = {"evaluation": [], "checkpoint": [], "pause": []}
    for _ in range(10):
        _step(run)
        for name, steps in due.items():
            if getattr(run, f"{name}_due"):
                steps.append(run.step)
        if run.evaluation_due:
            run.judge({"accuracy": 0.0})
            assert not run.evaluation_due, "these weights are evaluated"
    assert due == {"evaluation": [4, 8, 10], "checkpoint": [3, 6, 9, 10], "pause": [3, 4, 5, 6, 8, 9, 10]}
    assert run.over


@pytest.mark.parametrize(("goal", "best"), [("max", 2), ("min", 3)])
def test_the_best_evaluation_is_remembered_and_patience_counts_from_it(goal: str, best: int) -> None:
    run = _run(replace(CONFIG, early_stop_goal=goal, early_stop_patience=2))  # type: ignore[arg-type]
    for value in (0.5, 0.7, 0.4, 0.7):
        _step(run)
        run.judge({"accuracy": value})
    assert run.position.best_step == best
    assert run.stopped_early is (goal == "max"), "an equal value is not better"


def test_a_metric_that_is_not_evaluated_is_named() -> None:
    with pytest.raises(TrainingError, match="early_stop_metric is 'accuracy', but the task evaluates loss"):
        _run().judge({"loss": 1.0})


def test_a_finished_run_holds_the_weights_of_its_best_evaluation() -> None:
    run = _run(replace(CONFIG, ema_decay=0.0))
    kept = {}
    for step, value in enumerate((0.1, 0.9, 0.2)):
        _step(run)
        run.judge({"accuracy": value})
        kept[step] = {name: tensor.clone() for name, tensor in weights_of(run.module).items()}
    run.finish()
    assert all(torch.equal(tensor, kept[1][name]) for name, tensor in weights_of(run.module).items())


def test_a_run_stands_where_its_checkpoint_was_taken() -> None:
    run, again = _run(PLAIN), _run(PLAIN)
    for _ in range(3):
        _step(run)
    again.resume(run.checkpoint())
    assert again.step == 3
    for each in (run, again):
        _step(each)
    for name, tensor in weights_of(run.module).items():
        assert torch.equal(tensor, weights_of(again.module)[name])


def test_a_fingerprint_tells_another_config_network_or_data() -> None:
    module = nn.Linear(3, 2)
    same = fingerprint_of(module, CONFIG, 10, 1)
    assert fingerprint_of(nn.Linear(3, 2), replace(CONFIG, num_workers=7), 10, 1) == same
    assert fingerprint_of(module, replace(CONFIG, seed=8), 10, 1) != same
    assert fingerprint_of(nn.Linear(3, 3), CONFIG, 10, 1) != same
    assert fingerprint_of(module, CONFIG, 11, 1) != same
    assert fingerprint_of(module, CONFIG, 10, 2) != same
