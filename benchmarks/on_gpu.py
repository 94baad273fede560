"""Checks, times and trains every family on a machine with a GPU: one command, a bare image, a time budget.

    python benchmarks/on_gpu.py --make-packs packs                              # at home, in the checkout
    PYTHONPATH=src python benchmarks/on_gpu.py --packs packs --minutes 9        # there; results in $OUT

A bare image has Python 3.11 or newer with torch, torchvision, accelerate, timm, safetensors, NumPy and
Pillow. First every family of `atelier.families` takes steps of its preset in bfloat16 under `torch.compile`,
on its pack or, without one, on made-up material: speed, share of the device's peak, share of the time that
the loop waits for its loader, and memory. Then the families that have a pack train for the time that is left.

Each family runs in a process of its own. What fails is reported, the others go on, and the exit code is 1.
`figures.json`, `report.md`, and for each stage its curves (`.jsonl`, `.png`) lie in the output folder; they
are written anew after each family, so that an end of the time loses little. Utilisation counts matrix
products and convolutions, forward and backward, against the device's peak in dense bf16; that of a CPU is
measured.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from on_gpu_family import LOG_FILE, Request, check, run_in_log, train
from on_gpu_report import TABLE_FILE, failures_of, read_results, write_report

from atelier.families import known_families

_CHECKING_SHARE = 0.6
"""Share of the time that checks may take, at most, where there are packs to train on."""
_GRACE_SECONDS = 10.0
"""Between the end of a family's time and the request to end, and between that and the end."""
_SHOWN_LINES = 15
_PRELOADED = ["torch", "torchvision", "timm", "accelerate", "atelier.lifecycle.train_pack"]


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    if options.make_packs is not None:
        from on_gpu_packs import make_packs

        return make_packs(options.make_packs, options.preset, options.items, options.max_mib)
    families: dict[str, dict[str, Any]] = {name: {} for name in options.families}
    options.out.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + 60 * options.minutes
    packed = [name for name in families if pack_of(options, name) is not None]
    checking = 60 * options.minutes * (_CHECKING_SHARE if packed else 1.0)
    run_all(check, options, families, list(families), deadline - 60 * options.minutes + checking)
    checked = [name for name in packed if is_checked(families[name])]
    run_all(train, options, families, checked, min(deadline, time.monotonic() + 60 * options.train_minutes))
    failures = [f"{name}: {text}" for name, family in families.items() for text in failures_of(family)]
    print((options.out / TABLE_FILE).read_text())
    return 1 if failures else 0


def run_all(
    action: Callable[[Request], None],
    options: argparse.Namespace,
    families: dict[str, dict[str, Any]],
    names: list[str],
    deadline: float,
) -> None:
    """Do `action` for each family in turn, each for an equal part of the time that is left."""
    for number, name in enumerate(names):
        seconds = (deadline - time.monotonic()) / (len(names) - number)
        family = families[name]
        family["pack"] = str(pack_of(options, name) or "")
        request = request_of(options, name, seconds)
        if action is check:
            shutil.rmtree(request.folder, ignore_errors=True)
            request.folder.mkdir()
        print(f"{action.__name__} {name}, at most {max(0.0, seconds):.0f} s", flush=True)
        failure = run_apart(action, request)
        family |= read_results(request.folder)
        if failure is not None:
            family.setdefault("failures", []).append(f"{action.__name__}: {failure}")
            print_log(request.folder / LOG_FILE)
        for text in failures_of(family):
            print(f"  {text}", flush=True)
        write_report(options.out, as_json(options), families)


def run_apart(action: Callable[[Request], None], request: Request) -> str | None:
    """Do `action` in a process of its own; say what went wrong with the process, or None."""
    if request.seconds <= 0:
        return "no time was left"
    context = get_context(
        "forkserver"
    )  # imports once; a device that a process broke is whole in the next one
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=run_in_log, args=(action, request))
    process.start()
    process.join(request.seconds + _GRACE_SECONDS)
    if process.is_alive():
        process.terminate()
        process.join(_GRACE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        return f"ended after {request.seconds:.0f} s, before it was done"
    if process.exitcode == 0:
        return None
    return f"its process ended with status {process.exitcode}: {last_line(request.folder / LOG_FILE)}"


def request_of(options: argparse.Namespace, family: str, seconds: float) -> Request:
    """What the process of a family is asked to do."""
    return Request(
        family=family,
        preset=options.preset,
        pack_dir=pack_of(options, family),
        folder=options.out / family,
        seconds=seconds,
        num_steps=options.steps,
        warmup=options.warmup,
        precision=options.precision,
        compile=options.compile,
        batch_size=options.batch_size,
        num_workers=options.num_workers,
        peak_tflops=options.peak_tflops,
    )


def pack_of(options: argparse.Namespace, family: str) -> Path | None:
    """The folder of a family's pack; None without one."""
    folder = None if options.packs is None else options.packs / family
    return folder if folder is not None and folder.is_dir() else None


def is_checked(family: Mapping[str, Any]) -> bool:
    """Whether every stage took its steps, compiled or not."""
    stages = family.get("check", {}).values()
    return bool(stages) and all("step_ms" in stage for stage in stages)


def last_line(path: Path) -> str:
    """The last line of a log that says something."""
    lines = [line for line in read_log(path).splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def print_log(path: Path) -> None:
    """Print the end of a log."""
    for line in read_log(path).splitlines()[-_SHOWN_LINES:]:
        print(f"    {line}", flush=True)


def read_log(path: Path) -> str:
    """The text of a log; empty where there is none."""
    return path.read_text(errors="replace") if path.is_file() else ""


def as_json(options: argparse.Namespace) -> dict[str, Any]:
    """The command line as JSON can hold it."""
    kept = {"preset", "minutes", "steps", "warmup", "precision", "compile", "batch_size", "num_workers"}
    return {name: value for name, value in vars(options).items() if name in kept}


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out = os.environ.get("OUT")
    parser.add_argument("--out", type=Path, default=out and Path(out), help="folder of results; $OUT")
    parser.add_argument("--packs", type=Path, help="folder with a pack of each family, by its name")
    parser.add_argument("--minutes", type=float, default=15.0, help="for everything (default: 15)")
    parser.add_argument("--train-minutes", type=float, default=math.inf, help="of them for training, at most")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--families", nargs="+", default=known_families(), choices=known_families())
    parser.add_argument("--steps", type=int, default=50, help="measured steps, a multiple of 5")
    parser.add_argument("--warmup", type=int, default=20, help="steps before them, a multiple of 5")
    parser.add_argument("--precision", choices=["no", "bf16", "fp16"], default="bf16")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--batch-size", type=int, help="instead of the preset's")
    parser.add_argument("--num-workers", type=int, help="instead of the preset's")
    parser.add_argument("--peak-tflops", type=float, help="dense bf16 peak, where the device is not known")
    making = parser.add_argument_group("packs, made at home")
    making.add_argument("--make-packs", type=Path, metavar="DIR", help="make packs in a new folder and end")
    making.add_argument(
        "--items", type=int, default=260, help="size of the simulated catalogue; 0: pack this workspace"
    )
    making.add_argument("--max-mib", type=float, default=64.0, help="size of all packs that is an error")
    options = parser.parse_args(arguments)
    if options.make_packs is None and options.out is None:
        parser.error("--out DIR is missing, and so is the variable OUT")
    if min(options.steps, options.warmup) < 5 or options.steps % 5 or options.warmup % 5:
        parser.error("--steps and --warmup must be multiples of 5, at least 5")
    return options


if __name__ == "__main__":
    sys.exit(main())
