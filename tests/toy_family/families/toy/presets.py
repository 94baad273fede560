"""The toy as it is trained, on any machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from atelier.families.toy.inference import MODEL_FILE
from onnx import helper, numpy_helper

from atelier.families.schedule import Schedule
from atelier.families.training import Stage, Training, TrainingPlan, Weights


@dataclass(frozen=True)
class ToyPreset:
    name: str
    schedule: Schedule


@dataclass(frozen=True)
class Pairs:
    x_N1: torch.Tensor
    y_N1: torch.Tensor

    def __len__(self) -> int:
        return len(self.x_N1)

    def __getitems__(self, rows: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        return self.x_N1[rows], self.y_N1[rows]

    @staticmethod
    def collate(batch: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        return batch


class ToyTask:
    def __init__(self, pairs: Pairs, seed: int) -> None:
        torch.manual_seed(seed)
        self.module = torch.nn.Linear(1, 1)
        self.pairs = pairs

    def prepare(
        self, batch: tuple[torch.Tensor, torch.Tensor], generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return batch

    def loss(
        self, module: torch.nn.Module, batch: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return (module(batch[0]) - batch[1]).abs().mean(), {}

    def evaluate(self, module: torch.nn.Module) -> dict[str, float]:
        return {"error": float((module(self.pairs.x_N1) - self.pairs.y_N1).detach().abs().mean())}


def line(material: Pairs, preset: ToyPreset, weights: Weights, device: torch.device) -> Training:
    task = ToyTask(material, preset.schedule.seed)

    def write(folder: Path) -> None:
        slope, shift = (part.detach().cpu().numpy() for part in task.module.parameters())
        graph = helper.make_graph(
            [helper.make_node("Gemm", ["x", "slope", "shift"], ["y"])],
            "line",
            [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 1])],
            [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 1])],
            [numpy_helper.from_array(slope, "slope"), numpy_helper.from_array(shift, "shift")],
        )
        folder.mkdir(parents=True, exist_ok=True)
        opset = [helper.make_opsetid("", 17)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), folder / MODEL_FILE)

    return Training(task, material, preset.schedule, write)


def _preset(name: str, num_epochs: int) -> ToyPreset:
    schedule = Schedule(num_epochs, batch_size=4, learning_rate=0.05, precision="no", channels_last=False)
    return ToyPreset(name, schedule)


PLAN = TrainingPlan(
    {"debug": lambda: _preset("debug", 1), "long": lambda: _preset("long", 200)},
    (Stage("line", line, lambda preset: preset),),
    (Pairs,),
)
