"""A run killed and called again ends with the very same weights as one that was left in peace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from engine_toys import CONFIG, StoppingTracker, ToyData, ToyTask, weights
from torch import Tensor

from atelier.engine import checkpoint as checkpoint_module
from atelier.engine.config import EngineConfig
from atelier.engine.tracker import ListTracker
from atelier.engine.trainer import FitReport, fit
from atelier.errors import CheckpointError


class Killed(BaseException):
    """Stands for SIGKILL where a process of its own would cost seconds: nothing catches it."""


def kill() -> None:
    raise Killed


def train(
    folder: Path, config: EngineConfig = CONFIG, tracker: ListTracker | None = None
) -> tuple[dict[str, Tensor], ListTracker, FitReport]:
    task, tracker = ToyTask(), tracker or ListTracker()
    report = fit(task, ToyData(), config, tracker, folder, progress=False)
    return weights(task.module), tracker, report


def assert_same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name


def assert_same_losses(resumed: ListTracker, whole: ListTracker) -> None:
    again = resumed.curve("train/loss")
    assert again
    assert again == {step: loss for step, loss in whole.curve("train/loss").items() if step in again}


@pytest.mark.parametrize(("step", "precision"), [(3, "no"), (5, "no"), (13, "bf16"), (22, "no")])
def test_resumed_run_is_bit_identical(tmp_path: Path, step: int, precision: str) -> None:
    config = replace(CONFIG, precision=precision)  # type: ignore[arg-type]
    expected, whole, _ = train(tmp_path / "whole", config)
    with pytest.raises(Killed):
        train(tmp_path / "killed", config, StoppingTracker(step, kill))
    got, resumed, report = train(tmp_path / "killed", config)
    assert report.resumed_from == ((step - 1) // 5 * 5 or None)
    assert_same(got, expected)
    assert_same_losses(resumed, whole)


def test_a_real_sigkill_loses_nothing(tmp_path: Path) -> None:
    config = replace(CONFIG, optimizer="sgd", num_workers=1)
    script = (
        "import os, signal, sys; from dataclasses import replace; from pathlib import Path; import torch\n"
        "torch.set_num_threads(1)\n"
        "from engine_toys import *; from atelier.engine.trainer import fit\n"
        "config = replace(CONFIG, optimizer='sgd')\n"
        "stop = StoppingTracker(17, lambda: os.kill(os.getpid(), signal.SIGKILL))\n"
        "fit(ToyTask(), ToyData(), config, stop, Path(sys.argv[1]), progress=False)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"}
    killed = subprocess.run([sys.executable, "-c", script, tmp_path / "killed"], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    expected, _, _ = train(tmp_path / "whole", config)
    got, _, report = train(tmp_path / "killed", config)
    assert report.resumed_from == 15
    assert_same(got, expected)


@pytest.mark.parametrize("moment", [0, 3, 6])
def test_a_kill_while_a_checkpoint_is_written_loses_only_that_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    expected, _, _ = train(tmp_path / "whole")
    written = 0

    def fsync_until_killed(_: Path) -> None:
        nonlocal written
        written += 1
        if written == 9 + moment:  # the first checkpoint takes eight; this falls into the second
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_module, "_fsync", fsync_until_killed)
        with pytest.raises(Killed):
            train(tmp_path / "killed")
    got, _, report = train(tmp_path / "killed")
    assert report.resumed_from == 5
    assert_same(got, expected)


def test_patience_survives_a_kill(tmp_path: Path) -> None:
    config = replace(CONFIG, max_steps=60, evaluate_every=2, checkpoint_every=20, early_stop_patience=3)
    expected, _, whole = train(tmp_path / "whole", config)
    with pytest.raises(Killed):
        train(tmp_path / "killed", config, StoppingTracker(whole.steps, kill))
    got, _, report = train(tmp_path / "killed", config)
    assert (report.steps, report.metrics, report.stopped_early) == (whole.steps, whole.metrics, True)
    assert report.resumed_from is not None
    assert_same(got, expected)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_step_writes_a_checkpoint_and_is_handed_on(
    tmp_path: Path, number: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    expected, _, _ = train(tmp_path / "whole")
    handed_on: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, _: handed_on.append(number))
    try:
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "stopped", tracker=StoppingTracker(7, lambda: os.kill(os.getpid(), number)))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert handed_on == ([signal.SIGTERM] if number == signal.SIGTERM else [])
    assert "after step" in caplog.text
    got, _, report = train(tmp_path / "stopped")
    assert report.resumed_from in {7, 8}
    assert_same(got, expected)


def test_a_finished_run_returns_at_once_with_its_weights(tmp_path: Path) -> None:
    expected, _, first = train(tmp_path)
    got, tracker, second = train(tmp_path)
    assert_same(got, expected)
    assert tracker.told_metrics == []
    assert (second.metrics, second.steps, second.resumed_from) == (first.metrics, first.steps, first.steps)


def test_final_checkpoint_goes_when_it_is_not_wanted(tmp_path: Path) -> None:
    fit(ToyTask(), ToyData(), CONFIG, ListTracker(), tmp_path, progress=False, keep_final_checkpoint=False)
    assert not list(tmp_path.glob("step-*"))


def test_checkpoint_of_another_run_is_refused_with_the_difference(tmp_path: Path) -> None:
    train(tmp_path)
    with pytest.raises(CheckpointError, match=r"learning_rate: 0.01 in the checkpoint, 0.5 now"):
        train(tmp_path, replace(CONFIG, learning_rate=0.5))
    with pytest.raises(CheckpointError, match="num_samples: 43 in the checkpoint, 50 now"):
        fit(ToyTask(), ToyData(50), CONFIG, ListTracker(), tmp_path, progress=False)
    with pytest.raises(CheckpointError, match=r"shape of 0.bias: \[16\] in the checkpoint, None now"):
        fit(ToyTask(torch.nn.Linear(8, 3)), ToyData(), CONFIG, ListTracker(), tmp_path, progress=False)


def test_settings_that_do_not_touch_the_result_may_change_between_sittings(tmp_path: Path) -> None:
    expected, _, _ = train(tmp_path / "whole")
    with pytest.raises(Killed):
        train(tmp_path / "killed", tracker=StoppingTracker(13, kill))
    got, _, _ = train(
        tmp_path / "killed", replace(CONFIG, log_every=7, checkpoint_every=3, keep_checkpoints=1)
    )
    assert_same(got, expected)
