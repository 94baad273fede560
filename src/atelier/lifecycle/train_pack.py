"""Trains a family from a pack, on a machine that has the training libraries and nothing else.

    python -m atelier.lifecycle.train_pack PACK_DIR --preset base --output OUT_DIR

The last line on standard output is the digest of OUT_DIR, for `atelier adopt` at home. Resumes from the last
checkpoint if interrupted. `accelerate launch --module` runs it on several GPUs.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from atelier.engine.batches import to_device
from atelier.engine.flops import flops_of_step, peak_tflops_of
from atelier.engine.processes import device, is_main_process, num_processes, wait_for_everyone
from atelier.engine.tracker import NullTracker
from atelier.engine.trainer import FitReport
from atelier.errors import AtelierError, TrainingError
from atelier.families.training import Training
from atelier.lifecycle import checksums
from atelier.lifecycle.code import code_digest
from atelier.lifecycle.fit import figures_of, fit_on_schedule
from atelier.lifecycle.packing import Pack, read_pack
from atelier.precision import choose_precision

TRAINED_FORMAT = 2
TRAINING_FILE, METRICS_FILE, CURVES_FILE, WEIGHTS_FOLDER = (
    "training.json",
    "metrics.json",
    "curves.json",
    "weights",
)
"""In the folder of a trained family: what it is, figures of all networks; in the folder of each stage: its
curves, and its weights as a run keeps them."""
_FLOPS_BATCH = 8


def train_pack(pack_dir: Path, preset: str, output_dir: Path, *, progress: bool = True) -> str:
    """Train every stage of the pack's family; returns the digest over all files of `output_dir`.

    Until it is finished, all lies beside it, in `.<its name>-<digest of pack and code>`.

    TrainingError: the pack is for another preset, or `output_dir` exists. DigestError: the pack has changed.
    """
    if output_dir.exists():
        raise TrainingError(f"{output_dir} exists already (expected the name of a new folder)")
    pack = read_pack(pack_dir)
    config = pack.plan.preset(preset)
    pack.check_preset(config)
    stages = pack.plan.requested_stages(config)
    code = code_digest(*(stage.build for stage in stages))
    work_dir = output_dir.with_name(f".{output_dir.name}-{pack.digest[:12]}-{code[:12]}")
    made_dir = work_dir / "made"
    figures: dict[str, dict[str, float]] = {}
    for stage in stages:
        weights = {role: made_dir / role / WEIGHTS_FOLDER for role in stage.after}
        work = stage.build(pack.material(stage.role), config, weights, device())
        figures[stage.role] = _trained(stage.role, work, work_dir, progress)
        wait_for_everyone()  # the others read what the main process wrote
    digest = ""
    if is_main_process():
        _write(made_dir / METRICS_FILE, figures)
        _write(made_dir / TRAINING_FILE, _description(pack, config, code))
        digest = checksums.write_checksums(made_dir)
        made_dir.rename(output_dir)
        shutil.rmtree(work_dir)
    wait_for_everyone()
    return digest


def _trained(role: str, work: Training, work_dir: Path, progress: bool) -> dict[str, float]:
    """Train one network, write its files into `work_dir/made/<role>`, and return its figures."""
    curves_path = work_dir / f"{role}.jsonl"
    work_dir.mkdir(parents=True, exist_ok=True)
    tracker = CurveFile(curves_path) if is_main_process() else NullTracker()
    report = fit_on_schedule(work, tracker, work_dir / f"{role}-checkpoints", progress)
    figures = (
        dict(work.figures) | figures_of(report) | {"steps": float(report.steps)} | utilisation(work, report)
    )
    if is_main_process():
        target = work_dir / "made" / role
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        work.write(target / WEIGHTS_FOLDER)
        _write(target / CURVES_FILE, curves_in(curves_path))
    return figures


def utilisation(work: Training, report: FitReport) -> dict[str, float]:
    """Compute the FLOPs of a step and the utilisation of the device, over the whole run, its first step
    included.

    Without `flop_utilisation` where the device's peak is not known.
    """
    where = device()
    num = min(_FLOPS_BATCH, len(work.examples))
    batch = to_device(work.examples.__getitems__(list(range(num))), where)
    work.task.module.to(where)
    precision = choose_precision(work.schedule.precision, where)
    flops = flops_of_step(work.task, batch, where, precision) / num
    tflops = flops * report.images_per_second / num_processes() / 1e12
    figures = {"flops_per_example": flops, "tflops_per_second": tflops}
    peak = peak_tflops_of(where, precision)
    return figures if peak is None else figures | {"peak_tflops": peak, "flop_utilisation": tflops / peak}


@dataclass(frozen=True)
class CurveFile:
    """The engine's tracker on a machine without MLflow: a line of JSON for each report."""

    path: Path

    def params(self, values: Mapping[str, object]) -> None:
        """Keep none: the preset has them all."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")


def curves_in(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Read every curve as (step, value); of a repeated step, as after an interruption, the later counts."""
    told: dict[str, dict[int, float]] = {}
    for line in path.read_text().splitlines():
        values = json.loads(line)
        step = values.pop("step")
        for name, value in values.items():
            told.setdefault(name, {})[step] = value
    return {name: sorted(points.items()) for name, points in sorted(told.items())}


def _description(pack: Pack, config: Any, code: str) -> dict[str, Any]:
    where = device()
    return {
        "format": TRAINED_FORMAT,
        "family": pack.family,
        "preset": asdict(config),
        "data_version": pack.data_version,
        "pack": pack.digest,
        "code": code,
        "device": torch.cuda.get_device_name(where) if where.type == "cuda" else f"cpu, {platform.machine()}",
        "num_processes": num_processes(),
        "torch": torch.__version__,
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m atelier.lifecycle.train_pack", description=__doc__)
    parser.add_argument("pack_dir", type=Path, help="a folder that `atelier pack` wrote")
    parser.add_argument("--preset", required=True, help="the preset it was packed for")
    parser.add_argument("--output", type=Path, required=True, metavar="OUT_DIR", help="a new folder")
    parser.add_argument("--quiet", action="store_true", help="print no progress")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("atelier").setLevel(logging.WARNING if options.quiet else logging.INFO)
    try:
        digest = train_pack(options.pack_dir, options.preset, options.output, progress=not options.quiet)
    except AtelierError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if is_main_process():
        print(digest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
