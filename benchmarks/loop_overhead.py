"""What `engine.fit` costs above a loop written out by hand, with the same model, data, optimizer and average.

    python benchmarks/loop_overhead.py --model resnet18 --steps 40 --json

The two take turns, so that a busy machine disturbs both alike. The ratio is fit / by hand, median over turns;
the bar is 1.03. Wall time is what a user waits for; processor time is steadier where others use the machine.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from atelier.engine.config import EngineConfig
from atelier.engine.trainer import fit
from atelier.precision import choose_precision

BAR = 1.03
WARMUP_STEPS = 5


class Pictures:
    """Random pictures in memory, fetched a batch at a time."""

    def __init__(self, num_pictures: int, size: int) -> None:
        self.pixels = torch.randint(0, 256, (num_pictures, 3, size, size), dtype=torch.uint8)
        self.label = torch.randint(0, 100, (num_pictures,))

    def __len__(self) -> int:
        return len(self.label)

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        return self.pixels[indices], self.label[indices]

    def collate(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return batch


class Classify:
    """The task as `fit` sees it."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def prepare(self, batch: tuple[Tensor, Tensor], _: torch.Generator) -> tuple[Tensor, Tensor]:
        return batch[0].float() / 255, batch[1]

    def loss(self, module: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        return nn.functional.cross_entropy(module(batch[0]), batch[1]), {}

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        return {"parameters": float(sum(p.numel() for p in module.parameters()))}


class Stopwatch:
    """A tracker that notes wall and processor time at each line."""

    def __init__(self) -> None:
        self.marks: list[tuple[int, float, float]] = []

    def params(self, values: Mapping[str, object]) -> None:
        pass

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        if "train/loss" in values:
            self.marks.append((step, time.perf_counter(), time.process_time()))

    def seconds_per_step(self) -> tuple[float, float]:
        """Wall and processor seconds of a step: the median from mark to mark."""
        spans = [
            ((wall_now - wall_then) / (step - before), (cpu_now - cpu_then) / (step - before))
            for (before, wall_then, cpu_then), (step, wall_now, cpu_now) in pairwise(self.marks)
        ]
        return statistics.median(wall for wall, _ in spans), statistics.median(cpu for _, cpu in spans)


def through_fit(module: nn.Module, data: Pictures, config: EngineConfig) -> tuple[float, float]:
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        fit(Classify(module), data, config, watch, Path(folder), progress=True)
    return watch.seconds_per_step()


def by_hand(module: nn.Module, data: Pictures, config: EngineConfig) -> tuple[float, float]:
    """What one would write: autocast, clipping, fused AdamW, warm-up and cosine, a foreach average."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = choose_precision(config.precision, device)
    module.to(device).train()
    decayed = [p for p in module.parameters() if p.ndim > 1]
    others = [p for p in module.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)
    average = [p.detach().clone() for p in module.parameters()]
    loader = DataLoader(data, config.batch_size, shuffle=True, drop_last=True, collate_fn=data.collate)
    watch, step, losses = Stopwatch(), 0, []
    while step < config.max_steps:
        for pixels, label in loader:
            cosine = 0.5 * (1 + math.cos(math.pi * step / config.max_steps))
            warm = min(1.0, (step + 1) / config.warmup_steps)
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * warm * cosine
            images = pixels.to(device, non_blocking=True).float() / 255
            with precision.autocast(device):
                loss = nn.functional.cross_entropy(module(images), label.to(device, non_blocking=True))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            if config.ema_decay:
                with torch.no_grad():
                    torch._foreach_lerp_(average, list(module.parameters()), 1 - config.ema_decay)
            losses.append(loss.detach())
            step += 1
            if step % config.log_every == 0:
                watch.metrics({"train/loss": float(torch.stack(losses).mean())}, step)
                losses.clear()
            if step == config.max_steps:
                break
    return watch.seconds_per_step()


def race(options: argparse.Namespace) -> dict[str, Any]:
    config = EngineConfig(
        max_steps=WARMUP_STEPS + options.steps,
        batch_size=options.batch_size,
        warmup_steps=WARMUP_STEPS,
        precision=options.precision,
        ema_decay=0.0 if options.no_ema else 0.999,
        log_every=WARMUP_STEPS,
        checkpoint_every=None,
    )
    data = Pictures(8 * options.batch_size, options.image_size)
    turns = []
    for turn in range(options.repeats):
        seconds = {}
        for loop in [through_fit, by_hand] if turn % 2 == 0 else [by_hand, through_fit]:
            seconds[loop] = loop(timm.create_model(options.model, num_classes=100), data, config)
        turns.append((seconds[through_fit], seconds[by_hand]))
    wall = statistics.median(ours[0] / theirs[0] for ours, theirs in turns)
    processor = statistics.median(ours[1] / theirs[1] for ours, theirs in turns)
    return {
        "model": options.model,
        "batch_size": options.batch_size,
        "image_size": options.image_size,
        "precision": options.precision,
        "average": not options.no_ema,
        "device": "cuda" if torch.cuda.is_available() else f"cpu, {torch.get_num_threads()} threads",
        "turns": options.repeats,
        "fit_ms_per_step": 1000 * statistics.median(ours[0] for ours, _ in turns),
        "by_hand_ms_per_step": 1000 * statistics.median(theirs[0] for _, theirs in turns),
        "ratio_wall": wall,
        "ratio_processor": processor,
        "bar": BAR,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="resnet18", help="a timm model, built without weights")
    parser.add_argument("--steps", type=int, default=40, help="timed steps of each turn, a multiple of 5")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each loop")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--precision", choices=["auto", "bf16", "no"], default="auto")
    parser.add_argument("--no-ema", action="store_true", help="neither loop keeps an average of the weights")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = parser.parse_args()
    result = race(options)
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:>22}  {value:.3f}" if isinstance(value, float) else f"{name:>22}  {value}")


if __name__ == "__main__":
    main()
