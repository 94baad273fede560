"""How much of a device's arithmetic the training of a preset uses, and whether its loader keeps it waiting.

    python benchmarks/gpu_utilisation.py --preset base --steps 200 --json
    python benchmarks/gpu_utilisation.py --preset base --role student --pack PACK_DIR --json

Runs the engine's own loop (`engine.fit`, augmentation, optimizer and average included) on made-up products,
or on those of a pack. The first steps, in which `torch.compile` works, are left out. Utilisation is the
model's matrix products and convolutions, forward and backward, by the time of a step and by the device's peak
in dense bf16. The bars are 0.40, and 0.03 of the time for the loader. The loader's share is the time in which
the loop waits for a batch: an upper bound of what the device waits, which may still have work queued.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from atelier.engine.batches import to_device
from atelier.engine.flops import flops_of_step, peak_tflops_of
from atelier.engine.processes import device
from atelier.engine.trainer import fit
from atelier.families.retrieval.presets import RetrievalPreset
from atelier.families.retrieval.products import FRAME_SIDE, UNKNOWN, Labels, Products
from atelier.families.retrieval.tokens import token_ids
from atelier.families.retrieval.training import (
    Training,
    engine_config,
    preset_named,
    student_training,
    teacher_of,
    teacher_training,
)
from atelier.families.retrieval.validation import Validation
from atelier.lifecycle.packing import Material, read_pack
from atelier.precision import choose_precision

UTILISATION_BAR, WAIT_BAR = 0.40, 0.03
WINDOW = 5
"""Steps between two readings; the device is waited for at each."""
_COUNTED_PRODUCTS = 8
_STREETS = 256


@dataclass
class Readings:
    """A tracker that keeps what the meter reads."""

    windows: list[Mapping[str, float]] = field(default_factory=list)

    def params(self, values: Mapping[str, object]) -> None:
        pass

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        del step
        if "train/images_per_second" in values:
            self.windows.append(values)

    def median(self, name: str, skip: int) -> float:
        return statistics.median(window[f"train/{name}"] for window in self.windows[skip:])


def measure(options: argparse.Namespace) -> dict[str, Any]:
    preset = preset_named(options.preset)
    preset = with_schedule(preset, options)
    material = (
        read_pack(options.pack).material(options.role)
        if options.pack
        else made_up(options.products, preset.teacher.network.text.num_buckets)
    )
    work = training(options.role, material, preset)
    where, num_products = device(), len(work.products)
    config = replace(
        engine_config(work.schedule, num_products),
        max_steps=options.warmup + options.steps,
        evaluate_every=None,
        checkpoint_every=None,
        log_every=WINDOW,
    )
    precision = choose_precision(config.precision, where)
    flops = flops_of_product(work, where) * config.batch_size
    readings = Readings()
    with tempfile.TemporaryDirectory() as folder:
        report = fit(work.task, work.products, config, readings, Path(folder), progress=not options.json)
    skip = options.warmup // WINDOW
    products_per_second = readings.median("images_per_second", skip)
    peak = options.peak_tflops or peak_tflops_of(where, precision)
    if peak is None:
        sys.exit(f"the peak of {device_name(where)} is not known here: name it with --peak-tflops")
    step_seconds = config.batch_size / products_per_second
    utilisation, wait = flops / step_seconds / 1e12 / peak, readings.median("loader_wait", skip)
    return {
        "preset": preset.name,
        "role": options.role,
        "device": device_name(where),
        "products": num_products,
        "batch_size": config.batch_size,
        "num_workers": config.num_workers,
        "precision": precision.mode,
        "compile": config.compile,
        "tflop_per_step": flops / 1e12,
        "step_ms": 1000 * step_seconds,
        "products_per_second": products_per_second,
        "peak_tflops": peak,
        "utilisation": utilisation,
        "utilisation_bar": UTILISATION_BAR,
        "loader_wait": wait,
        "loader_wait_bar": WAIT_BAR,
        "peak_memory_gb": report.peak_memory_bytes / 2**30,
        "passed": utilisation >= UTILISATION_BAR and wait < WAIT_BAR,
    }


def with_schedule(preset: RetrievalPreset, options: argparse.Namespace) -> RetrievalPreset:
    """The preset with what the command line changes in both of its schedules."""
    changes: dict[str, Any] = {} if options.compile is None else {"compile": options.compile}
    if options.batch_size is not None:
        changes["batch_size"] = options.batch_size
    if options.num_workers is not None:
        changes["num_workers"] = options.num_workers
    return replace(
        preset,
        teacher_schedule=replace(preset.teacher_schedule, **changes),
        student_schedule=replace(preset.student_schedule, **changes),
    )


def training(role: str, material: Material, preset: RetrievalPreset) -> Training:
    """The preset's teacher, or its student taught by an untrained teacher: the arithmetic is the same."""
    if role == "teacher":
        return teacher_training(material, preset)
    return student_training(material, preset, teacher_of(material.products.labels, preset))


def flops_of_product(work: Training, where: torch.device) -> float:
    """Operations of a step for one product: two views, forward and backward, and the teacher's forward."""
    num = min(_COUNTED_PRODUCTS, len(work.products))
    work.task.module.to(where)
    batch = to_device(work.products.__getitems__(list(range(num))), where)
    return flops_of_step(work.task, batch, where, choose_precision(work.schedule.precision, where)) / num


def made_up(num_products: int, num_buckets: int) -> Material:
    """Noise in the shapes of a catalogue: 20 article types, look-alikes by twelve, six attributes."""
    draw = np.random.default_rng(0)
    side, rows = FRAME_SIDE, np.arange(num_products)
    labels = Labels(
        item_N=rows,
        cluster_N=rows // 12,
        category_N=rows % 20,
        attributes_NA=np.stack([rows % 8] * 6, axis=1),
        categories=tuple(f"type {number}" for number in range(20)),
        attribute_sizes=(8,) * 6,
        title_N=rows,
        noun_N=rows % 20,
        shopper_labels=("Hat", "Shoes"),
    )
    products = Products(
        frames_N4FF=draw.integers(0, 256, (num_products, 4, side, side), np.uint8),
        extents_N4=np.tile(np.asarray([-0.7, -0.9, 0.7, 0.9], np.float32), (num_products, 1)),
        shopper_frames_M3FF=draw.integers(0, 256, (num_products // 10 + 1, 3, side, side), np.uint8),
        shopper_N=np.where(rows % 10 == 0, rows // 10, UNKNOWN),
        tokens_NT=token_ids([f"made up product {row}" for row in rows], num_buckets),
        labelled_frames_P3FF=draw.integers(0, 256, (64, 3, side, side), np.uint8),
        label_P=np.arange(64) % 2,
        labels=labels,
    )
    streets = torch.from_numpy(draw.integers(0, 256, (_STREETS, 3, 240, 160), np.uint8))
    none = np.zeros(8, np.int64)
    pictures, none = np.zeros((8, 3, 32, 32), np.uint8), np.zeros(8, np.int64)
    gallery = Validation(
        gallery_G3SS=pictures,
        gallery_item_G=none,
        gallery_category_G=none,
        gallery_tokens_GT=none[:, None],
        gallery_title_G=none,
        held_out_G=none > 0,
        queries={},
        query_items={},
        labelled_L3SS=pictures[:0],
        label_L=none[:0],
    )
    return Material(products, streets, gallery)


def device_name(where: torch.device) -> str:
    if where.type == "cuda":
        return str(torch.cuda.get_device_name(where))
    return f"cpu, {torch.get_num_threads()} threads"


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--preset", default="base")
    parser.add_argument("--role", choices=["teacher", "student"], default="teacher")
    parser.add_argument("--pack", type=Path, help="a pack of that preset; made-up products without it")
    parser.add_argument("--products", type=int, default=12_000, help="made-up products")
    parser.add_argument("--steps", type=int, default=200, help="measured steps, a multiple of 5")
    parser.add_argument("--warmup", type=int, default=30, help="steps before them, a multiple of 5")
    parser.add_argument("--batch-size", type=int, help="instead of the preset's")
    parser.add_argument("--num-workers", type=int, help="instead of the preset's")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, help="instead of the preset's")
    parser.add_argument("--peak-tflops", type=float, help="dense bf16 peak, where the device is not known")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser.parse_args(arguments)


def main() -> None:
    options = options_of()
    result = measure(options)
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:>22}  {value:.4g}" if isinstance(value, float) else f"{name:>22}  {value}")


if __name__ == "__main__":
    main()
