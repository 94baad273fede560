"""The training loop: the one that everything in Atelier is trained with.

`fit` runs unchanged on a CPU, on a GPU, and on many under `accelerate launch` or `torchrun`. Killed at any
moment and called again with the same arguments, it goes on from its last checkpoint to the very same weights.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sized
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs, broadcast_object_list
from torch import Tensor, nn
from torch.utils.data import Dataset

from atelier.engine.allocator import keep_freed_memory
from atelier.engine.batches import Batches, BatchIndices
from atelier.engine.checkpoint import CheckpointStore
from atelier.engine.config import EngineConfig
from atelier.engine.meter import Meter
from atelier.engine.optimizer import build_optimizer, set_learning_rate
from atelier.engine.processes import LONGEST_WAIT, device
from atelier.engine.randomness import StepRandomness
from atelier.engine.run import Run, fingerprint_of
from atelier.engine.schedule import learning_rate_at
from atelier.engine.signals import HeldSignals
from atelier.engine.task import Task, Tracker
from atelier.engine.tracker import NullTracker
from atelier.errors import CheckpointError, TrainingError
from atelier.precision import Mode, choose_precision
from atelier.progress import Progress

log = logging.getLogger(__name__)
_MODES = get_args(Mode)


@dataclass(frozen=True)
class FitReport:
    """The outcome of a run, over all its resumptions."""

    steps: int
    """Optimizer steps done; fewer than `max_steps` after an early stop."""
    seconds: float
    """In `fit`, evaluation and checkpoints included."""
    images_per_second: float
    """Over the time spent in steps, all processes together."""
    peak_memory_bytes: int
    """GPU memory of this sitting; on a CPU, resident memory of the process."""
    metrics: dict[str, float]
    """Of the weights that the module now holds."""
    weights_from_step: int
    """The step whose averaged weights the module now holds."""
    resumed_from: int | None
    """The step this sitting began at; None where it began at the beginning."""
    stopped_early: bool
    """Whether patience ended the run."""


def fit(
    task: Task,
    dataset: Dataset[Any],
    config: EngineConfig,
    tracker: Tracker,
    checkpoint_dir: Path,
    *,
    progress: bool = True,
    keep_final_checkpoint: bool = True,
) -> FitReport:
    """Train `task.module` on `dataset`; at the end it holds the averaged weights, last or best as configured.

    `checkpoint_dir` belongs to this run alone; all machines must see it. A finished run returns at once.
    SIGINT and SIGTERM finish the step, write a checkpoint and are handed on.

    TrainingError: a loss is not finite, the data is smaller than one batch, or the processes chose different
    precisions. CheckpointError: the folder holds a checkpoint of another run, or none that is whole.
    """
    keep_freed_memory()
    config, reason = resolved(config)
    accelerator = new_accelerator(config)
    tracker = tracker if accelerator.is_main_process else NullTracker()
    store = CheckpointStore(checkpoint_dir, config.keep_checkpoints)
    with prepared(task.module, dataset, config, accelerator) as (model, optimizer, run):
        resumed_from = resume(run, store, accelerator)
        meter = new_meter(config, accelerator)
        if run.position.finished:
            return report_on(run, meter, resumed_from)
        tracker.params({**config.identity(), "precision_reason": reason})
        source = batches_from(run.step, dataset, config, accelerator)
        with (
            closing(meter.timed(source)) as batches,
            progress_of(run, progress and accelerator.is_main_process) as bar,
            HeldSignals() as signals,
        ):
            sitting = Sitting(task, model, optimizer, run, accelerator, meter, config, tracker, store)
            while sitting.goes_on():
                sitting.step(batches, source.indices)
                bar.update()
                stopping = stop_wanted(signals, run, accelerator)
                if stopping or run.pause_due:
                    bar.note(sitting.pause(checkpoint=stopping or run.checkpoint_due))
                if stopping:
                    log.warning("stopped by a signal after step %d; call again to resume", run.step)
                    break
        run.finish()
        save(run, store, accelerator)
        if not keep_final_checkpoint and accelerator.is_main_process:
            store.remove_all()
        return report_on(run, meter, resumed_from)


@dataclass(frozen=True)
class Sitting:
    """One sitting of a run, from where it began or resumed to where it is over or stopped."""

    task: Task
    model: nn.Module
    optimizer: torch.optim.Optimizer
    run: Run
    accelerator: Accelerator
    meter: Meter
    config: EngineConfig
    tracker: Tracker
    store: CheckpointStore

    @cached_property
    def randomness(self) -> StepRandomness:
        return StepRandomness(self.config.seed, self.accelerator.process_index, self.accelerator.device)

    def goes_on(self) -> bool:
        """Evaluate if that is due; tell whether there is another step to do."""
        if self.run.evaluation_due:
            self.run.judge(evaluate(self.task, self.run, self.accelerator))
            self.tracker.metrics(named("validation", self.run.position.metrics), self.run.step)
        return not self.run.over

    def step(self, batches: Iterator[Any], indices: BatchIndices) -> None:
        """Do one optimizer step, of as many batches as gradients are accumulated over."""
        run, accelerator, config = self.run, self.accelerator, self.config
        set_learning_rate(self.optimizer, learning_rate_at(run.step, config))
        for part in range(config.gradient_accumulation):
            position = run.step * config.gradient_accumulation + part
            generator = self.randomness.at(position, indices.first_seen(position))
            batch = self.task.prepare(next(batches), generator)
            with accelerator.accumulate(self.model):
                with accelerator.autocast():
                    loss, scalars = self.task.loss(self.model, batch)
                accelerator.backward(loss)
                norm = clip_gradients(self.model, config, accelerator)
                self.optimizer.step()
                self.optimizer.zero_grad()
            self.meter.record(run.step, loss, {**scalars, **norm})
        run.end_step()

    def pause(self, *, checkpoint: bool) -> str:
        """Report the measurements since the last pause, write a checkpoint if requested, and return a
        note.
        """
        run = self.run
        values = self.meter.read()
        run.position.training_seconds += self.meter.seconds
        values["learning_rate"] = learning_rate_at(run.step - 1, self.config)
        self.tracker.metrics(named("train", values), run.step)
        if checkpoint:
            save(run, self.store, self.accelerator)
        return f"loss {values['loss']:.4g}, {values['images_per_second']:.0f} images/s"


def resolved(config: EngineConfig) -> tuple[EngineConfig, str]:
    """Resolve the precision of a configuration on this process's device; returns the reason as well."""
    precision = choose_precision(config.precision, device())
    return replace(config, precision=precision.mode), precision.reason


def new_accelerator(config: EngineConfig) -> Accelerator:
    """Set up Accelerate for one run.

    It would keep its precision for the life of the process, but a teacher may be trained in one precision and
    its student, after it, in another: what an earlier run left is forgotten. The process group stays.
    """
    AcceleratorState._reset_state()
    GradientState._reset_state()
    accelerator = Accelerator(
        mixed_precision=config.precision,
        gradient_accumulation_steps=config.gradient_accumulation,
        kwargs_handlers=[
            DistributedDataParallelKwargs(gradient_as_bucket_view=True),
            InitProcessGroupKwargs(timeout=LONGEST_WAIT),
        ],
    )
    check_agreement(config.precision, accelerator)
    return accelerator


def check_agreement(precision: str, accelerator: Accelerator) -> None:
    """Check that all devices of a run chose one precision. TrainingError: they did not."""
    own = torch.tensor([_MODES.index(precision)], device=accelerator.device)
    chosen = [_MODES[index] for index in accelerator.gather(own).tolist()]
    if len(set(chosen)) > 1:
        raise TrainingError(
            f"the processes chose different precisions by their devices: {', '.join(chosen)} "
            f"(expected one). Ask for one: precision='no' runs everywhere"
        )


@contextmanager
def prepared(
    module: nn.Module, dataset: Dataset[Any], config: EngineConfig, accelerator: Accelerator
) -> Iterator[tuple[nn.Module, torch.optim.Optimizer, Run]]:
    """Yield the run of the wrapped module and optimizer; afterwards the module is unwrapped again."""
    module.to(accelerator.device)
    if config.channels_last:
        module.to(memory_format=torch.channels_last)
    if config.compile:
        module.compile()
    matmul_precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(config.matmul_precision or matmul_precision)
    optimizer = build_optimizer(module, config)
    num_samples = len(cast(Sized, dataset))
    fingerprint = fingerprint_of(module, config, num_samples, accelerator.num_processes)
    try:
        module.train()
        model, wrapped_optimizer = accelerator.prepare(module, optimizer)
        yield model, wrapped_optimizer, Run(module, optimizer, accelerator.scaler, config, fingerprint)
    finally:
        torch.set_float32_matmul_precision(matmul_precision)
        accelerator.free_memory()
        # What Accelerate and `compile` hang onto the module would follow it into exports and copies.
        for name in ("forward", "_original_forward", "_is_accelerate_prepared", "_compiled_call_impl"):
            module.__dict__.pop(name, None)


def resume(run: Run, store: CheckpointStore, accelerator: Accelerator) -> int | None:
    """Bring the run to its last checkpoint; the step found there, None where there is none."""
    checkpoint = store.latest(run.fingerprint)
    step = checkpoint.step if checkpoint else -1
    seen = accelerator.gather(torch.tensor([step], device=accelerator.device)).tolist()
    if len(set(seen)) > 1:
        raise CheckpointError(
            f"the processes see different checkpoints in {store.folder}: steps {seen}. "
            f"It must be a folder that all machines share."
        )
    if checkpoint is None:
        return None
    run.resume(checkpoint)
    return checkpoint.step


def evaluate(task: Task, run: Run, accelerator: Accelerator) -> dict[str, float]:
    """Compute the task's metrics for the averaged weights in the main process and broadcast them."""
    metrics: dict[str, float] = {}
    if accelerator.is_main_process:
        with run.ema.swapped_in(), torch.no_grad(), accelerator.autocast():
            task.module.eval()
            metrics = {name: float(value) for name, value in task.evaluate(task.module).items()}
            task.module.train()
    (metrics,) = broadcast_object_list([metrics])
    return metrics


def clip_gradients(model: nn.Module, config: EngineConfig, accelerator: Accelerator) -> dict[str, Tensor]:
    """Scale whole gradients down to `max_grad_norm`; their norm before that, where there is one to report."""
    if config.max_grad_norm is None or not accelerator.sync_gradients:
        return {}
    return {"grad_norm": accelerator.clip_grad_norm_(model.parameters(), config.max_grad_norm)}


def stop_wanted(signals: HeldSignals, run: Run, accelerator: Accelerator) -> bool:
    """Test whether a signal requests a stop. Several processes exchange this in a pause only: it is a
    wait.
    """
    if accelerator.num_processes == 1:
        return signals.received is not None
    if not run.pause_due:
        return False
    wanted = torch.tensor(float(signals.received is not None), device=accelerator.device)
    return bool(accelerator.reduce(wanted, "sum") > 0)


def save(run: Run, store: CheckpointStore, accelerator: Accelerator) -> None:
    """Write a checkpoint, from the main process: all processes hold the same weights."""
    if accelerator.is_main_process:
        store.save(run.checkpoint())


def new_meter(config: EngineConfig, accelerator: Accelerator) -> Meter:
    images_per_step = config.batch_size * config.gradient_accumulation * accelerator.num_processes
    return Meter(accelerator.device, images_per_step, lambda values: accelerator.reduce(values, "mean"))


def batches_from(step: int, dataset: Dataset[Any], config: EngineConfig, accelerator: Accelerator) -> Batches:
    return Batches(
        dataset,
        config,
        start=step * config.gradient_accumulation,
        rank=accelerator.process_index,
        num_ranks=accelerator.num_processes,
        device=accelerator.device,
    )


def progress_of(run: Run, shown: bool) -> Progress:
    return Progress("training", run.config.max_steps, unit="steps", done=run.step, shown=shown)


def named(prefix: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{prefix}/{name}": value for name, value in values.items()}


def report_on(run: Run, meter: Meter, resumed_from: int | None) -> FitReport:
    position, best = run.position, run.config.final_weights == "best"
    images = position.step * meter.images_per_step
    return FitReport(
        steps=position.step,
        seconds=position.seconds,
        images_per_second=images / position.training_seconds,
        peak_memory_bytes=meter.peak_memory_bytes(),
        metrics=position.best_metrics if best else position.metrics,
        weights_from_step=cast(int, position.best_step) if best else position.step,
        resumed_from=resumed_from,
        stopped_early=run.stopped_early,
    )
