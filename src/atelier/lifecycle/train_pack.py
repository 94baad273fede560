"""Trains teacher and student from a pack, on a machine that has the training libraries and nothing else.

    python -m atelier.lifecycle.train_pack PACK_DIR --preset base --output OUT_DIR

The last line on standard output is the digest of OUT_DIR, for `atelier adopt` at home. Killed and called
again, it goes on from its last checkpoint. `accelerate launch --module` runs it on several GPUs.
"""

from __future__ import annotations

import argparse
import json
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
from atelier.families.retrieval.export import load_module
from atelier.families.retrieval.presets import RetrievalPreset
from atelier.families.retrieval.training import (
    FACTS_FILE,
    TEACHER_FILE,
    Training,
    code_digest,
    facts_training,
    figures_of,
    fit_on_schedule,
    preset_named,
    sha256_of,
    student_training,
    teacher_of,
    teacher_training,
)
from atelier.lifecycle import checksums
from atelier.lifecycle.packing import Pack, read_pack

TRAINED_FORMAT = 1
TRAINING_FILE, METRICS_FILE, CURVES_FILE, WEIGHTS_FOLDER = (
    "training.json",
    "metrics.json",
    "curves.json",
    "weights",
)
"""In the folder of a trained model: what it is, figures of both networks; in the folder of each network
(`teacher`, `student`): its curves, and its weights as a run keeps them."""
_FLOPS_BATCH = 8


def train_pack(pack_dir: Path, preset: str, output_dir: Path, *, progress: bool = True) -> str:
    """Train the preset's teacher and student on a pack; returns the digest over all files of `output_dir`.

    Until it is finished, all lies beside it, in `.<its name>-<digest of pack and code>`.

    TrainingError: the pack is for another preset, or `output_dir` exists. DigestError: the pack has changed.
    """
    if output_dir.exists():
        raise TrainingError(f"{output_dir} exists already (expected the name of a new folder)")
    config = preset_named(preset)
    pack = read_pack(pack_dir)
    pack.check_preset(config)
    key = sha256_of(f"{pack.digest} {code_digest()}".encode())[:12]
    work_dir = output_dir.with_name(f".{output_dir.name}-{key}")
    made_dir = work_dir / "made"

    facts = _trained("facts", facts_training(pack.material("teacher"), config), work_dir, progress)
    wait_for_everyone()  # the others read what the main process wrote
    facts_path = made_dir / "facts" / WEIGHTS_FOLDER / FACTS_FILE
    teacher_work = teacher_training(pack.material("teacher"), config, facts_path)
    teacher = _trained("teacher", teacher_work, work_dir, progress)
    wait_for_everyone()
    student = _trained("student", _student(pack, config, made_dir), work_dir, progress)
    digest = ""
    if is_main_process():
        _write(made_dir / METRICS_FILE, {"facts": facts, "teacher": teacher, "student": student})
        _write(made_dir / TRAINING_FILE, _facts(pack, config))
        digest = checksums.write_checksums(made_dir)
        made_dir.rename(output_dir)
        shutil.rmtree(work_dir)
    wait_for_everyone()
    return digest


def _student(pack: Pack, config: RetrievalPreset, made_dir: Path) -> Training:
    material = pack.material("student")
    taught_by = teacher_of(material.products.labels, config)
    load_module(taught_by, made_dir / "teacher" / WEIGHTS_FOLDER / TEACHER_FILE)
    return student_training(material, config, taught_by)


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
    """What a step computes and how much of the device that uses, over the whole run, its first step included.

    Without `flop_utilisation` where the device's peak is not known.
    """
    where = device()
    num = min(_FLOPS_BATCH, len(work.products))
    batch = to_device(work.products.__getitems__(list(range(num))), where)
    work.task.module.to(where)
    flops = flops_of_step(work.task, batch, where, work.schedule.precision != "no") / num
    tflops = flops * report.images_per_second / num_processes() / 1e12
    figures = {"flops_per_product": flops, "tflops_per_second": tflops}
    peak = peak_tflops_of(where)
    return figures if peak is None else figures | {"peak_tflops": peak, "flop_utilisation": tflops / peak}


@dataclass(frozen=True)
class CurveFile:
    """The engine's tracker on a machine without MLflow: a line of JSON for each report."""

    path: Path

    def params(self, values: Mapping[str, object]) -> None:
        """The preset says it all."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")


def curves_in(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Every curve as (step, value); of a step that was told twice, as after a kill, the later counts."""
    told: dict[str, dict[int, float]] = {}
    for line in path.read_text().splitlines():
        values = json.loads(line)
        step = values.pop("step")
        for name, value in values.items():
            told.setdefault(name, {})[step] = value
    return {name: sorted(points.items()) for name, points in sorted(told.items())}


def _facts(pack: Pack, config: RetrievalPreset) -> dict[str, Any]:
    where = device()
    return {
        "format": TRAINED_FORMAT,
        "family": "retrieval",
        "preset": asdict(config),
        "data_version": pack.data_version,
        "pack": pack.digest,
        "code": code_digest(),
        "device": torch.cuda.get_device_name(where) if where.type == "cuda" else f"cpu, {platform.machine()}",
        "num_processes": num_processes(),
        "torch": torch.__version__,
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m atelier.lifecycle.train_pack", description=__doc__)
    parser.add_argument("pack_dir", type=Path, help="a folder that `atelier pack retrieval` wrote")
    parser.add_argument("--preset", required=True, help="the preset it was packed for")
    parser.add_argument("--output", type=Path, required=True, metavar="OUT_DIR", help="a new folder")
    options = parser.parse_args(arguments)
    try:
        digest = train_pack(options.pack_dir, options.preset, options.output)
    except AtelierError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if is_main_process():
        print(digest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
