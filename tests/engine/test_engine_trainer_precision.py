"""A run computes in one precision from its first step to its last validation, and says which and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from accelerate import Accelerator
from engine_toys import CONFIG, StoppingTracker, ToyBatch, ToyData, ToyTask
from torch import Tensor, nn

from atelier.engine.config import EngineConfig
from atelier.engine.tracker import ListTracker
from atelier.engine.trainer import check_agreement, fit
from atelier.errors import CheckpointError, TrainingError
from atelier.families.schedule import Schedule
from atelier.precision import Mode, Precision

DTYPES = {"no": torch.float32, "bf16": torch.bfloat16}


class Watching(ToyTask):
    """Remembers in what its matrix products are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.trained: set[torch.dtype] = set()
        self.judged: set[torch.dtype] = set()

    def loss(self, module: nn.Module, batch: ToyBatch) -> tuple[Tensor, dict[str, Tensor]]:
        self.trained.add((batch.features @ batch.features.T).dtype)
        return super().loss(module, batch)

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        self.judged.add((self.validation.features @ self.validation.features.T).dtype)
        return super().evaluate(module)


def device_chooses(monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
    def choose(asked: str, device: torch.device) -> Precision:
        assert (asked, device.type) == ("auto", "cpu")
        return Precision(mode, f"{mode}, said the device")

    monkeypatch.setattr("atelier.engine.trainer.choose_precision", choose)


def test_every_schedule_leaves_the_choice_to_the_device() -> None:
    assert (EngineConfig(1).precision, Schedule(1).precision) == ("auto", "auto")


@pytest.mark.parametrize("mode", ["no", "bf16"])
def test_training_and_validation_take_the_devices_choice_and_the_run_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    device_chooses(monkeypatch, mode)
    task, tracker = Watching(), ListTracker()
    fit(task, ToyData(), replace(CONFIG, precision="auto"), tracker, tmp_path, progress=False)
    assert (task.trained, task.judged) == ({DTYPES[mode]}, {DTYPES[mode]})
    assert tracker.told_params["precision"] == mode
    assert tracker.told_params["precision_reason"] == f"{mode}, said the device"


@pytest.mark.parametrize("mode", ["no", "bf16"])
def test_validation_takes_what_was_asked_for(tmp_path: Path, mode: Mode) -> None:
    task, tracker = Watching(), ListTracker()
    fit(task, ToyData(), replace(CONFIG, precision=mode), tracker, tmp_path, progress=False)
    assert (task.trained, task.judged) == ({DTYPES[mode]}, {DTYPES[mode]})
    assert tracker.told_params["precision_reason"] == f"asked for by precision='{mode}'"


def test_a_run_does_not_go_on_in_another_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    config = replace(CONFIG, precision="auto")
    device_chooses(monkeypatch, "bf16")
    with pytest.raises(KeyboardInterrupt):
        fit(ToyTask(), ToyData(), config, StoppingTracker(13, stop), tmp_path, progress=False)
    device_chooses(monkeypatch, "no")
    with pytest.raises(CheckpointError, match="precision: 'bf16' in the checkpoint, 'no' now"):
        fit(ToyTask(), ToyData(), config, ListTracker(), tmp_path, progress=False)


@pytest.mark.parametrize(("chosen", "agreed"), [([0, 0], True), ([1, 1, 1], True), ([1, 0], False)])
def test_processes_that_chose_differently_do_not_train_together(chosen: list[int], agreed: bool) -> None:
    fake: Any = SimpleNamespace(device=torch.device("cpu"), gather=lambda _: torch.tensor(chosen))
    if agreed:
        check_agreement("bf16", cast(Accelerator, fake))
        return
    with pytest.raises(TrainingError, match="different precisions by their devices: bf16, no"):
        check_agreement("bf16", cast(Accelerator, fake))
