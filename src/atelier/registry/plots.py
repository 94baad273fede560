"""Pictures for a reviewer: curves, confusions, galleries, worst categories, the gate's interval.

Each function takes values and returns a figure of its own; nothing is shared through matplotlib's `pyplot`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

INK, MUTED, LINE, PAPER = "#1f2933", "#7b8794", "#e4e7eb", "#f7f8fa"
BLUE, GREEN, RED, AMBER = "#2f6fde", "#1f9d61", "#d64545", "#c98a1b"
_SERIES = (BLUE, "#e07b39", GREEN, "#8e5bd0", "#c2417c", "#3aa6b9", AMBER, MUTED)
_BLUES = LinearSegmentedColormap.from_list("blues", ["#ffffff", "#cfe0fb", BLUE, "#173f87"])

Curve = Sequence[tuple[int, float]]
"""(step, value), in the order of steps."""

_COSTS = {"learning_rate", "gradient_norm", "images_per_second", "loader_wait", "peak_memory_bytes"}
"""What the engine reports of training besides the loss and its parts."""


@dataclass(frozen=True)
class Answer:
    """One picture of the top five of a query."""

    picture: np.ndarray
    """uint8 [H, W, 3]."""
    item_id: str
    score: float
    right: bool
    """Whether it shows the query's item; a duplicate of the item counts."""


@dataclass(frozen=True)
class QueryRow:
    """One query and its answers, the best first."""

    picture: np.ndarray
    item_id: str
    answers: Sequence[Answer]
    label: str = ""
    """What kind of query it is: 'street, boxed'."""


class CategoryInterval(Protocol):
    """One category of a verdict."""

    @property
    def category(self) -> str: ...
    @property
    def num_items(self) -> int: ...
    @property
    def champion(self) -> float: ...
    @property
    def challenger(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class GateVerdict(Protocol):
    """The fields of a gate's verdict that `gate_interval` draws; this room does not import the gate."""

    @property
    def promote(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def difference(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def confidence(self) -> float: ...
    @property
    def num_items(self) -> int: ...
    @property
    def categories(self) -> Sequence[CategoryInterval]: ...


def loss_curves(history: Mapping[str, Curve]) -> Figure:
    """Draw the loss with its parts, the validation metrics and the learning rate, by step.

    `history` maps a metric's name ('train/loss', 'validation/recall_at_1') to its points.
    """
    curves = {name: np.asarray(curve, float) for name, curve in history.items() if len(curve)}
    train = [name for name in curves if name.startswith("train/") and name.split("/")[-1] not in _COSTS]
    panels = {
        "Training loss and its parts": sorted(train, key=lambda name: name != "train/loss"),
        "Validation": [name for name in curves if name.startswith("validation/")],
        "Learning rate": [name for name in curves if name == "train/learning_rate"],
    }
    panels = {title: names for title, names in panels.items() if names}
    figure = _figure(4.6 * max(len(panels), 1), 4.6)
    grid = figure.subplots(1, max(len(panels), 1), squeeze=False)[0]
    for axes, (title, names) in zip(grid, panels.items(), strict=False):
        _plain(axes, title)
        for color, name in zip(_SERIES * len(names), names, strict=False):
            step_N, value_N = curves[name].T
            marker = "o" if len(step_N) < 30 else ""
            width = 2.4 if name == "train/loss" else 1.6
            axes.plot(
                step_N, value_N, color=color, lw=width, label=name.partition("/")[2], marker=marker, ms=3.5
            )
        axes.set_xlabel("step", color=MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        if len(names) > 1:
            axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))
        if title == "Validation":
            axes.set_ylim(-0.02, 1.02)
    return figure


def confusion_matrix(
    true: np.ndarray, predicted: np.ndarray, labels: Sequence[str], most: int = 25
) -> Figure:
    """Draw the confusions of categories: shares of each row, the `most` confused ones.

    `true`, `predicted`: [N], indices into `labels`. Confusable categories stand side by side. The last
    column holds predictions of categories that are not shown.
    """
    share, shown, count = _shares(np.asarray(true), np.asarray(predicted), len(labels), most)
    side = 2.6 + 0.34 * len(shown)
    figure = _figure(side + 0.6, side)
    axes = figure.subplots()
    _plain(
        axes,
        f"Confusion, share of each true category (accuracy {np.mean(true == predicted):.1%})",
        grid=False,
    )
    axes.imshow(share, cmap=_BLUES, vmin=0, vmax=1)
    axes.set_xticks(np.arange(share.shape[1] + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(share.shape[0] + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=LINE, lw=0.6)
    axes.tick_params(which="minor", length=0)
    for row, column in np.argwhere(share >= 0.05):
        text = f"{share[row, column]:.0%}".rstrip("%")
        color = "white" if share[row, column] > 0.5 else INK
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=color)
    names = [labels[index] for index in shown]
    others = ["not shown"] if share.shape[1] > len(shown) else []
    axes.set_xticks(range(share.shape[1]), [*names, *others], rotation=60, ha="right", fontsize=7.5)
    axes.set_yticks(
        range(len(names)), [f"{name}  {n:,}" for name, n in zip(names, count, strict=True)], fontsize=7.5
    )
    axes.set_xlabel("predicted", color=MUTED)
    axes.set_ylabel("true, number of pictures", color=MUTED)
    return figure


def query_gallery(rows: Sequence[QueryRow], title: str = "Queries and their first five answers") -> Figure:
    """Draw each query with its answers; correct answers are framed in green."""
    num_columns = 1 + max((len(row.answers) for row in rows), default=5)
    figure = _figure(1.45 * num_columns + 0.5, 1.75 * max(len(rows), 1) + 0.7)
    figure.suptitle(title, x=0.012, ha="left", fontsize=12, fontweight="bold", color=INK)
    grid = figure.subplots(max(len(rows), 1), num_columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for line, row in zip(grid, rows, strict=False):
        found = any(answer.right for answer in row.answers)
        caption = f"{row.label}\n{row.item_id}{'' if found else ', not found'}".strip()
        _tile(line[0], row.picture, caption, INK if found else RED, frame=False)
        for axes, answer in zip(line[1:], row.answers, strict=False):
            color = GREEN if answer.right else MUTED
            mark = "✓ " if answer.right else ""
            _tile(axes, answer.picture, f"{mark}{answer.item_id}\n{answer.score:.3f}", color, frame=True)
    return figure


def worst_categories(recall: Mapping[str, tuple[float, int]], most: int = 20, min_queries: int = 5) -> Figure:
    """Draw the categories with the lowest recall, with their numbers of queries.

    `recall` maps a category to its recall and number of queries; those with fewer than `min_queries` are
    left out, since one unlucky photo would lead the list.
    """
    known = [(name, value, count) for name, (value, count) in recall.items() if count >= min_queries]
    worst = sorted(known, key=lambda entry: (entry[1], entry[0]))[:most]
    total = sum(count for _, _, count in known)
    overall = sum(value * count for _, value, count in known) / max(total, 1)
    figure = _figure(7.2, 1.8 + 0.29 * len(worst))
    axes = figure.subplots()
    _plain(axes, f"Worst categories, of {len(known)} with at least {min_queries} queries")
    axes.grid(visible=False, axis="y")
    places = range(len(worst))
    axes.barh(places, [value for _, value, _ in worst], color=BLUE, height=0.62)
    for place, (_, value, count) in enumerate(worst):
        axes.text(value + 0.012, place, f"{value:.2f}  ({count:,})", va="center", fontsize=8, color=INK)
    axes.axvline(overall, color=AMBER, lw=1.4, ls=(0, (4, 3)))
    axes.annotate(
        f"all {overall:.2f}", (overall, 1), (3, 2), xycoords=("data", "axes fraction"),
        textcoords="offset points", fontsize=8, color=AMBER,
    )  # fmt: skip
    axes.set_yticks(places, [name for name, _, _ in worst], fontsize=8.5)
    axes.set_xlim(0, 1.08)
    axes.set_ylim(len(worst) - 0.4, -0.6)
    axes.set_xlabel("recall (queries)", color=MUTED)
    return figure


def gate_interval(verdict: GateVerdict, most: int = 12) -> Figure:
    """Draw the difference that the gate decided on, over all queries and in the categories that changed
    worst.

    Without a champion there is no difference: the picture then says so.
    """
    title = f"{'Promoted' if verdict.promote else 'Held'}. {verdict.reason[:1].upper()}{verdict.reason[1:]}"
    color = GREEN if verdict.promote else RED
    if verdict.difference is None or verdict.low is None or verdict.high is None:
        figure = _figure(7.6, 1.2)
        figure.text(0.02, 0.5, title, va="center", fontsize=10.5, fontweight="bold", color=color)
        return figure
    changes = verdict.categories[:most]
    names = ["All queries", *(change.category for change in changes)]
    sizes = [verdict.num_items, *(change.num_items for change in changes)]
    points = [verdict.difference, *(change.challenger - change.champion for change in changes)]
    lows = [verdict.low, *(change.low for change in changes)]
    highs = [verdict.high, *(change.high for change in changes)]

    figure = _figure(7.6, 1.5 + 0.33 * len(names))
    axes = figure.subplots()
    _plain(axes, title, color=color)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=INK, lw=1)
    axes.axhspan(-0.5, 0.5, color=PAPER, zorder=0)
    _draw_intervals(axes, points, lows, highs)
    labels = [f"{name}  ({size:,})" for name, size in zip(names, sizes, strict=True)]
    axes.set_yticks(range(len(names)), labels, fontsize=8.5)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.set_xlabel(
        f"change of recall_at_1, challenger minus champion, {verdict.confidence:.0%} interval (items)",
        color=MUTED,
    )
    return figure


def _draw_intervals(
    axes: Axes, points: Sequence[float], lows: Sequence[float], highs: Sequence[float]
) -> None:
    """One line below the other, the first one bold; green and red where zero lies outside."""
    for place, (point, low, high) in enumerate(zip(points, lows, highs, strict=True)):
        shade = GREEN if low > 0 else RED if high < 0 else MUTED
        whole = place == 0
        axes.plot([low, high], [place, place], color=shade, lw=4 if whole else 2, solid_capstyle="round")
        axes.plot(
            point, place, "o", color="white", mec=shade, mew=2 if whole else 1.5, ms=8 if whole else 5.5
        )


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _plain(axes: Axes, title: str, *, color: str = INK, grid: bool = True) -> None:
    """A title to the left, quiet ticks, a light grid below the data, no box."""
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=color, pad=14, wrap=True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, colors=INK, labelsize=8.5)
    if grid:
        axes.grid(color=LINE, lw=0.8)
        axes.set_axisbelow(True)


def _tile(axes: Axes, picture: np.ndarray, caption: str, color: str, frame: bool) -> None:
    """A picture in the middle of a square, so that portraits and landscapes line up."""
    height, width = picture.shape[:2]
    side = max(height, width)
    left, top = -(side - width) / 2, -(side - height) / 2
    axes.add_patch(Rectangle((left, top), side, side, facecolor=PAPER, edgecolor="none", zorder=0))
    axes.imshow(picture, extent=(0, width, height, 0))
    axes.set_xlim(left, left + side)
    axes.set_ylim(top + side, top)
    if frame:
        edge, thick = (GREEN, 4) if color == GREEN else (LINE, 1.5)
        axes.add_patch(
            Rectangle((left, top), side, side, fill=False, ec=edge, lw=thick, zorder=3, clip_on=False)
        )
    axes.text(0.5, -0.04, caption, transform=axes.transAxes, ha="center", va="top", fontsize=7.5, color=color)


def _shares(
    true_N: np.ndarray, predicted_N: np.ndarray, num_labels: int, most: int
) -> tuple[np.ndarray, list[int], list[int]]:
    """Shares of each shown row, the rows that are shown, and how many pictures each has."""
    count_TP = np.bincount(true_N * num_labels + predicted_N, minlength=num_labels**2)
    count_TP = count_TP.reshape(num_labels, num_labels)
    shown = _side_by_side(count_TP, most)
    total = count_TP[shown].sum(axis=1, keepdims=True)
    inside = count_TP[np.ix_(shown, shown)]
    rows = [inside] if len(shown) == num_labels else [inside, total - inside.sum(axis=1, keepdims=True)]
    return np.concatenate(rows, axis=1) / np.maximum(total, 1), shown, total[:, 0].tolist()


def _side_by_side(count_TP: np.ndarray, most: int) -> list[int]:
    """The categories with most mistakes, each next to the one it is most confused with."""
    confused = count_TP + count_TP.T
    np.fill_diagonal(confused, 0)
    left = [int(index) for index in np.argsort(-confused.sum(axis=1), kind="stable")[:most]]
    chain = [left.pop(0)]
    while left:
        nearest = max(left, key=lambda index: confused[chain[-1], index])
        left.remove(nearest)
        chain.append(nearest)
    return chain
