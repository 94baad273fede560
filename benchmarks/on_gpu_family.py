"""Checks and trains one family for `on_gpu.py`, in a process of its own: a fault ends that process alone.

Writes `check.json` or `train.json` into its folder after every stage, so that what was measured before a
fault or the end of the time is there.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from on_gpu_material import Repeated, material_reader

from atelier.engine.config import EngineConfig
from atelier.engine.processes import device
from atelier.engine.trainer import FitReport, fit
from atelier.families.schedule import Schedule
from atelier.families.training import Stage, Training, Weights, training_plan
from atelier.lifecycle.fit import engine_config
from atelier.lifecycle.train_pack import CurveFile, utilisation

WINDOW = 5
"""Steps between two readings; the device is waited for at each."""
LOG_FILE, CHECK_FILE, TRAIN_FILE = "log.txt", "check.json", "train.json"
EXPORT_LIBRARIES = {"onnx", "onnxruntime", "onnxscript"}
"""Libraries that only the ONNX files of a trained network need; a bare image may lack them."""
_BATCHES = 4
"""Batches in a pass, at least."""
_EVALUATIONS = 4
_USED_SHARE = 0.9
"""Share of its time that a training is planned to fill: no step lasts as long as the one before."""


class OutOfTimeError(Exception):
    """Ends a training whose steps turned out slower than they were measured."""


@dataclass(frozen=True)
class Request:
    """One family to be checked or trained. Travels between processes."""

    family: str
    preset: str
    pack_dir: Path | None
    folder: Path
    """Where its results go."""
    seconds: float
    """Time for all its stages."""
    num_steps: int
    """Measured steps."""
    warmup: int
    """Steps before them."""
    precision: str
    compile: bool
    batch_size: int | None
    num_workers: int | None
    peak_tflops: float | None


@dataclass
class Readings:
    """A tracker that writes every report into a file and keeps those of training."""

    file: CurveFile
    ends: float = math.inf
    """Moment of `perf_counter` after which a report raises `OutOfTimeError`."""
    windows: list[Mapping[str, float]] = field(default_factory=list)
    last_step: int = 0
    first_seconds: float = 0.0
    """Until the first report: `torch.compile` works in these steps."""
    _began: float = field(default_factory=time.perf_counter)

    def params(self, values: Mapping[str, object]) -> None:
        """Keep none."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        self.file.metrics(values, step)
        if "train/images_per_second" in values:
            self.first_seconds = self.first_seconds or time.perf_counter() - self._began
            self.windows.append(values)
            self.last_step = step
        if time.perf_counter() > self.ends:
            raise OutOfTimeError

    def median(self, name: str, skip: int = 0) -> float:
        """Median of a reading, the first `skip` left out."""
        return statistics.median(window[f"train/{name}"] for window in self.windows[skip:])


def run_in_log(action: Callable[[Request], None], request: Request) -> None:
    """Do `action` as the body of a process whose output goes into the family's log file."""
    log = os.open(request.folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(log, stream.fileno())
    action(request)


def check(request: Request) -> None:
    """Take steps with every stage of the family, and time them; failures are results too."""
    plan = training_plan(request.family)
    preset = plan.preset(request.preset)
    read = material_reader(request.family, preset, request.pack_dir)
    found: dict[str, dict[str, Any]] = {}
    for stage in plan.requested_stages(preset):
        found[stage.role] = _checked(request, stage, read, preset)
        _write(request.folder / CHECK_FILE, found)


def train(request: Request) -> None:
    """Train the family's stages on its pack, each for an equal part of the time that is left."""
    ends = time.monotonic() + request.seconds
    plan = training_plan(request.family)
    preset = plan.preset(request.preset)
    read = material_reader(request.family, preset, request.pack_dir)
    checked = json.loads((request.folder / CHECK_FILE).read_text())
    stages = plan.requested_stages(preset)
    found: dict[str, dict[str, Any]] = {}
    for number, stage in enumerate(stages):
        seconds = (ends - time.monotonic()) / (len(stages) - number)
        weights = {role: request.folder / role for role in stage.after if (request.folder / role).is_dir()}
        try:
            work = _work(request, stage, read(stage.role), preset, weights, checked[stage.role]["compile"])
            found[stage.role] = _trained(request, stage.role, work, checked[stage.role], seconds)
        except Exception as error:
            traceback.print_exc()
            found[stage.role] = {"error": _named(error)}
        _write(request.folder / TRAIN_FILE, found)


def _checked(request: Request, stage: Stage, read: Callable[[str], Any], preset: Any) -> dict[str, Any]:
    """Measure a stage. Where it fails under `torch.compile`, measure it without, and keep the error."""
    result: dict[str, Any] = {}
    for compiled in dict.fromkeys((request.compile, False)):
        try:
            start = time.perf_counter()
            work = _work(request, stage, read(stage.role), preset, {}, compiled)
            built = {"build_seconds": time.perf_counter() - start}
            return {**built, **_measured(request, stage.role, work), **result}
        except Exception as error:
            traceback.print_exc()
            result.setdefault("error", _named(error))
    return result


def _work(
    request: Request, stage: Stage, material: Any, preset: Any, weights: Weights, compiled: bool
) -> Training:
    """Build a stage's training, with examples enough to fill the batches of its schedule."""
    work = stage.build(material, with_schedules(preset, request, compiled), weights, device())
    examples = Repeated.to_fill(work.examples, _BATCHES * work.schedule.batch_size)
    return replace(work, examples=examples)


def with_schedules(preset: Any, request: Request, compiled: bool) -> Any:
    """The preset with the precision, compilation, batches and workers that are asked for in its schedules."""
    changes: dict[str, Any] = {"precision": request.precision, "compile": compiled}
    for name in ("batch_size", "num_workers"):
        if getattr(request, name) is not None:
            changes[name] = getattr(request, name)
    found = {each.name: getattr(preset, each.name) for each in fields(preset)}
    schedules = {name: value for name, value in found.items() if isinstance(value, Schedule)}
    return replace(preset, **{name: replace(value, **changes) for name, value in schedules.items()})


def _measured(request: Request, role: str, work: Training) -> dict[str, Any]:
    """Take the steps, evaluate and write; return what each costs."""
    config = replace(
        engine_config(work.schedule, len(work.examples)),
        max_steps=request.warmup + request.num_steps,
        evaluate_every=None,
        checkpoint_every=None,
        log_every=WINDOW,
    )
    readings = Readings(_curve_file(request.folder, role, "check"))
    with tempfile.TemporaryDirectory() as folder:
        report = fit(work.task, work.examples, config, readings, Path(folder), progress=False)
        per_second = readings.median("images_per_second", request.warmup // WINDOW)
        figures = _figures(work, config, readings, replace(report, images_per_second=per_second), request)
        start = time.perf_counter()
        work.finish()
        metrics = work.task.evaluate(work.task.module.eval())
        figures["evaluate_seconds"] = time.perf_counter() - start
        figures["files"] = _written(work, Path(folder) / "weights")
        figures["write_seconds"] = time.perf_counter() - start - figures["evaluate_seconds"]
    return figures | {"validation": metrics}


def _figures(
    work: Training, config: EngineConfig, readings: Readings, report: FitReport, request: Request
) -> dict[str, Any]:
    """Speed and use of the device, from the readings after the first steps."""
    cost = utilisation(work, report)
    peak = request.peak_tflops or cost.get("peak_tflops")
    return {
        "device": device_name(),
        "batch_size": config.batch_size,
        "num_workers": config.num_workers,
        "precision": config.precision,
        "compile": config.compile,
        "first_seconds": readings.first_seconds,
        "step_ms": 1000 * config.batch_size / report.images_per_second,
        "examples_per_second": report.images_per_second,
        "tflop_per_step": cost["flops_per_example"] * config.batch_size / 1e12,
        "tflops_per_second": cost["tflops_per_second"],
        "peak_tflops": peak,
        "flop_utilisation": None if peak is None else cost["tflops_per_second"] / peak,
        "loader_wait": readings.median("loader_wait", request.warmup // WINDOW),
        "peak_memory_gb": report.peak_memory_bytes / 2**30,
        "first_loss": readings.windows[0]["train/loss"],
        "last_loss": readings.windows[-1]["train/loss"],
    }


def _trained(
    request: Request, role: str, work: Training, checked: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Train for `seconds` at most, in as many steps as should fit; evaluate, and write the files."""
    start = time.perf_counter()
    steps = steps_within(seconds, checked)
    if steps < 1:
        return {"skipped": f"{max(0.0, seconds):.0f} s were left, too few for a step and an evaluation"}
    config = replace(
        engine_config(work.schedule, len(work.examples)),
        max_steps=steps,
        warmup_steps=round(work.schedule.warmup_share * steps),
        evaluate_every=max(1, steps // _EVALUATIONS),
        checkpoint_every=None,
        log_every=max(1, min(20, steps // 20)),
    )
    ends = start + seconds - checked["evaluate_seconds"] - checked["write_seconds"]
    readings = Readings(_curve_file(request.folder, role, "train"), ends)
    with tempfile.TemporaryDirectory() as folder, suppress(OutOfTimeError):
        fit(work.task, work.examples, config, readings, Path(folder), progress=False)
    work.finish()
    metrics = work.task.evaluate(work.task.module.eval())
    readings.file.metrics(
        {f"validation/{name}": value for name, value in metrics.items()}, readings.last_step
    )
    return {
        "steps": readings.last_step,
        "planned_steps": steps,
        "seconds": time.perf_counter() - start,
        "examples_per_second": readings.median("images_per_second"),
        "loader_wait": readings.median("loader_wait"),
        "files": _written(work, request.folder / role),
        "validation": metrics,
    }


def steps_within(seconds: float, checked: Mapping[str, Any]) -> int:
    """Steps that fit into a time beside what was measured of compilation, evaluation and writing."""
    evaluating = (_EVALUATIONS + 1) * checked["evaluate_seconds"]
    apart = checked["first_seconds"] + checked["write_seconds"] + evaluating
    return int(_USED_SHARE * (seconds - apart) / (checked["step_ms"] / 1000))


def _written(work: Training, folder: Path) -> list[str]:
    """Write a network's files; return their names. Without ONNX's libraries its weights alone are written."""
    try:
        work.write(folder)
    except Exception as error:
        if missing_library(error) not in EXPORT_LIBRARIES:
            raise
        print(f"without ONNX files: {error}", file=sys.stderr)
    return sorted(path.name for path in folder.iterdir())


def missing_library(error: BaseException | None) -> str | None:
    """Name of the library whose absence an error goes back to; None where it has another reason."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError):
            return (error.name or "").split(".")[0]
        error = error.__cause__ or error.__context__
    return None


def device_name() -> str:
    """Name of the device that trains here."""
    where = device()
    if where.type == "cuda":
        return str(torch.cuda.get_device_name(where))
    return f"{where.type}, {torch.get_num_threads()} threads"


def _curve_file(folder: Path, role: str, phase: str) -> CurveFile:
    path = folder / f"{role}-{phase}.jsonl"
    path.unlink(missing_ok=True)
    return CurveFile(path)


def _named(error: Exception) -> str:
    """An error in a line of a report."""
    text = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {text[0][:300]}"


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")
