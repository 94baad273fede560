"""One training, from its first step to its figures; needs neither a registry nor a catalogue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from atelier.engine.config import EngineConfig
from atelier.engine.task import Tracker
from atelier.engine.trainer import FitReport, fit
from atelier.families.schedule import Schedule
from atelier.families.training import Training


def fit_on_schedule(training: Training, tracker: Tracker, checkpoint_dir: Path, progress: bool) -> FitReport:
    """Train as the schedule says, finish and evaluate; resumes from the last checkpoint if interrupted."""
    config = engine_config(training.schedule, len(training.examples))
    report = fit(training.task, training.examples, config, tracker, checkpoint_dir, progress=progress)
    training.finish()
    return replace(report, metrics=training.task.evaluate(training.task.module.eval()))


def engine_config(schedule: Schedule, num_examples: int) -> EngineConfig:
    """Convert a schedule to the engine's configuration; batches are smaller where there are few examples."""
    batch_size = min(schedule.batch_size, num_examples)
    max_steps = max(1, schedule.num_epochs * (num_examples // batch_size))
    return EngineConfig(
        max_steps=max_steps,
        batch_size=batch_size,
        distinct_epochs=schedule.distinct_epochs,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        warmup_steps=round(schedule.warmup_share * max_steps),
        max_grad_norm=schedule.max_grad_norm,
        precision=schedule.precision,
        ema_decay=schedule.ema_decay,
        evaluate_every=max(1, max_steps // schedule.num_evaluations),
        checkpoint_every=max(1, max_steps // 10),
        log_every=max(1, min(20, max_steps // 20)),
        channels_last=schedule.channels_last,
        compile=schedule.compile,
        num_workers=schedule.num_workers,
        seed=schedule.seed,
    )


def figures_of(report: FitReport) -> dict[str, float]:
    """Return validation metrics, speed, memory and time of a finished training."""
    return {f"validation/{name}": value for name, value in report.metrics.items()} | {
        "images_per_second": report.images_per_second,
        "peak_memory_gb": report.peak_memory_bytes / 2**30,
        "training_seconds": report.seconds,
    }
