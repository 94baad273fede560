"""Figures, a table and pictures of what `on_gpu.py` found; drawn with Pillow: a bare image has no more."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from on_gpu_family import CHECK_FILE, TRAIN_FILE
from PIL import Image, ImageDraw, ImageFont

from atelier.lifecycle.train_pack import curves_in

UTILISATION_BAR, WAIT_BAR = 0.40, 0.03
"""Bars of large networks: share of the device's peak that a step uses, share of the time the loop waits."""
FIGURES_FILE, TABLE_FILE = "figures.json", "report.md"
Curve = Sequence[tuple[int, float]]

_PANEL, _MARGIN, _COLUMNS = (420, 240), 44, 3
_INK, _LINE, _FRAME = "#202020", "#1f6fb4", "#b0b0b0"
_CHECK_COLUMNS = {
    "step_ms": ("ms a step", "{:.4g}"),
    "examples_per_second": ("examples/s", "{:,.0f}"),
    "flop_utilisation": ("FLOP utilisation", "{:.1%}"),
    "loader_wait": ("loader wait", "{:.1%}"),
    "peak_memory_gb": ("GB", "{:.3g}"),
    "first_seconds": ("first steps, s", "{:.1f}"),
}


def write_report(out: Path, request: Mapping[str, Any], families: Mapping[str, Mapping[str, Any]]) -> None:
    """Write figures, table and pictures; called again after each family, it writes them anew."""
    content = {"request": request, "bars": _bars(), "families": families}
    (out / FIGURES_FILE).write_text(json.dumps(content, indent=2) + "\n")
    (out / TABLE_FILE).write_text(table_of(request, families))
    for name in families:
        for path in sorted((out / name).glob("*.jsonl")):
            draw_curves(f"{name}/{path.stem}", curves_in(path), path.with_suffix(".png"))


def read_results(folder: Path) -> dict[str, Any]:
    """Read what the processes of a family left: `check` and `train`, role by role."""
    files = {"check": folder / CHECK_FILE, "train": folder / TRAIN_FILE}
    return {name: json.loads(path.read_text()) for name, path in files.items() if path.is_file()}


def failures_of(family: Mapping[str, Any]) -> list[str]:
    """A sentence for everything that went wrong with a family."""
    stages = [
        f"{phase} {role}: {stage['error']}"
        for phase in ("check", "train")
        for role, stage in family.get(phase, {}).items()
        if "error" in stage
    ]
    return [*family.get("failures", ()), *stages]


def table_of(request: Mapping[str, Any], families: Mapping[str, Mapping[str, Any]]) -> str:
    """The report as Markdown."""
    device = next((stage["device"] for stage in _checks(families) if "device" in stage), "unknown")
    heads = ["stage", "batch", "precision", "compile", *(head for head, _ in _CHECK_COLUMNS.values())]
    lines = [
        f"# On {device}: preset {request['preset']}",
        "",
        f"Bars of large networks: FLOP utilisation {UTILISATION_BAR:.0%}, loader wait below {WAIT_BAR:.0%}.",
        "",
        _row(heads),
        _row(["---"] * len(heads)),
        *(
            _row([f"{name}/{role}", *_check_cells(stage)])
            for name, family in families.items()
            for role, stage in family.get("check", {}).items()
        ),
    ]
    trained = [
        _row([f"{name}/{role}", *_train_cells(stage)])
        for name, family in families.items()
        for role, stage in family.get("train", {}).items()
    ]
    if trained:
        lines += ["", "## Trained from packs", ""]
        lines += [_row(["stage", "steps", "s", "examples/s", "validation"]), _row(["---"] * 5), *trained]
    failed = [f"- {name}: {text}" for name, family in families.items() for text in failures_of(family)]
    lines += ["", "## Failures", "", *(failed or ["None."])]
    return "\n".join(lines) + "\n"


def draw_curves(title: str, curves: Mapping[str, Curve], path: Path) -> None:
    """Draw a panel for each curve that has two points at least."""
    shown = {name: [point for point in curve if math.isfinite(point[1])] for name, curve in curves.items()}
    shown = {name: curve for name, curve in shown.items() if len(curve) > 1}
    rows = max(1, -(-len(shown) // _COLUMNS))
    width, height = _PANEL
    picture = Image.new("RGB", (_COLUMNS * width, 30 + rows * height), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default()
    draw.text((8, 8), title, _INK, font)
    for number, (name, curve) in enumerate(shown.items()):
        corner = (number % _COLUMNS * width, 30 + number // _COLUMNS * height)
        _draw_panel(draw, font, name, curve, corner)
    picture.save(path)


def _draw_panel(
    draw: ImageDraw.ImageDraw, font: Any, name: str, curve: Curve, corner: tuple[int, int]
) -> None:
    left, top = corner[0] + _MARGIN, corner[1] + 20
    right, bottom = corner[0] + _PANEL[0] - 16, corner[1] + _PANEL[1] - 28
    steps, values = zip(*curve, strict=True)
    low, high = min(values), max(values)
    draw.rectangle((left, top, right, bottom), outline=_FRAME)
    draw.text((left, corner[1] + 4), name, _INK, font)
    draw.text((corner[0] + 2, top), f"{high:.3g}", _INK, font)
    draw.text((corner[0] + 2, bottom - 10), f"{low:.3g}", _INK, font)
    draw.text((left, bottom + 4), str(steps[0]), _INK, font)
    draw.text((right - 7 * len(str(steps[-1])), bottom + 4), str(steps[-1]), _INK, font)
    across, up = (right - left) / max(1, steps[-1] - steps[0]), (bottom - top) / ((high - low) or 1)
    points = [(left + (step - steps[0]) * across, bottom - (value - low) * up) for step, value in curve]
    draw.line(points, _LINE, 2)


def _bars() -> dict[str, float]:
    return {"flop_utilisation": UTILISATION_BAR, "loader_wait": WAIT_BAR}


def _checks(families: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [stage for family in families.values() for stage in family.get("check", {}).values()]


def _check_cells(stage: Mapping[str, Any]) -> list[str]:
    cells = [str(stage.get(name, "")) for name in ("batch_size", "precision", "compile")]
    for name, (_, pattern) in _CHECK_COLUMNS.items():
        value = stage.get(name)
        cells.append("?" if value is None else pattern.format(value))
    return cells


def _train_cells(stage: Mapping[str, Any]) -> list[str]:
    if "steps" not in stage:
        return ["", "", "", stage.get("skipped", "failed")]
    metrics = ", ".join(f"{name} {value:.3g}" for name, value in list(stage["validation"].items())[:4])
    return [
        str(stage["steps"]),
        f"{stage['seconds']:.0f}",
        f"{stage['examples_per_second']:,.0f}",
        metrics,
    ]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
