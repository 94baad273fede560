"""What the pictures show is what was measured; that they render is shown by drawing each one."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from atelier.registry.plots import (
    GREEN,
    RED,
    Answer,
    QueryRow,
    confusion_matrix,
    gate_interval,
    loss_curves,
    query_gallery,
    worst_categories,
)

PICTURE = np.full((80, 60, 3), 200, np.uint8)


@dataclass(frozen=True)
class Change:
    category: str
    num_items: int
    champion: float
    challenger: float
    low: float
    high: float


@dataclass(frozen=True)
class Decided:
    """What the gate's verdict shows of itself."""

    promote: bool
    reason: str
    difference: float | None
    low: float | None
    high: float | None
    confidence: float
    num_items: int
    categories: tuple[Change, ...]


def rendered(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=50)
    return buffer.getvalue()


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_loss_curves_show_the_loss_with_its_parts_but_not_what_training_costs() -> None:
    figure = loss_curves(
        {
            "train/item": [(10, 2.0), (20, 1.0)],
            "train/loss": [(10, 3.0), (20, 1.5)],
            "train/images_per_second": [(10, 900.0)],
            "train/learning_rate": [(10, 0.1), (20, 0.2)],
            "validation/recall_at_1": [(20, 0.5)],
            "validation/nothing": [],
        }
    )
    assert titles(figure) == ["Training loss and its parts", "Validation", "Learning rate"]
    shown = {str(line.get_label()): line.get_xydata() for axes in figure.axes for line in axes.lines}
    assert list(shown) == ["loss", "item", "recall_at_1", "learning_rate"]
    assert np.asarray(shown["loss"]).tolist() == [[10, 3.0], [20, 1.5]]
    assert rendered(figure)


def test_no_history_is_an_empty_picture_and_no_crash() -> None:
    assert rendered(loss_curves({}))


def test_the_confusion_matrix_gives_shares_of_each_true_category() -> None:
    true = np.array([0, 0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 0, 1, 1, 2, 2])
    figure = confusion_matrix(true, predicted, ["Shirts", "Tops", "Ties"])
    [axes] = figure.axes
    names = [label.get_text().rpartition("  ") for label in axes.get_yticklabels()]
    rows = {name: (int(count), place) for place, (name, _, count) in enumerate(names)}
    assert {name: count for name, (count, _) in rows.items()} == {"Shirts": 4, "Tops": 2, "Ties": 1}
    columns = [label.get_text() for label in axes.get_xticklabels()]
    shares = np.asarray(axes.images[0].get_array())
    assert shares[rows["Shirts"][1], columns.index("Tops")] == 0.25
    assert shares[rows["Tops"][1], columns.index("Ties")] == 0.5
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert "accuracy 71.4%" in titles(figure)[0]
    assert rendered(figure)


def test_only_the_most_confused_categories_are_shown_and_the_rest_is_one_column() -> None:
    true = np.repeat(np.arange(30), 10)
    predicted = true.copy()
    predicted[:30] = 3  # categories 0 to 2 are all taken for 3
    figure = confusion_matrix(true, predicted, [f"c{index}" for index in range(30)], most=3)
    [axes] = figure.axes
    columns = [label.get_text() for label in axes.get_xticklabels()]
    assert "c3" in columns[:3] and columns[3] == "not shown"
    shares = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_right_answers_are_framed_in_green_and_lost_queries_are_named() -> None:
    answers = [Answer(PICTURE, f"item {place}", 0.9 - place / 10, place == 1) for place in range(5)]
    wrong = [Answer(PICTURE.transpose(1, 0, 2), "item 9", 0.5, False)] * 5
    figure = query_gallery([QueryRow(PICTURE, "item 1", answers, "tidy"), QueryRow(PICTURE, "item 2", wrong)])
    green = [
        patch
        for axes in figure.axes
        for patch in axes.patches
        if isinstance(patch, Rectangle) and not patch.fill and patch.get_edgecolor() == _rgba(GREEN)
    ]
    assert len(green) == 1
    assert "✓ item 1\n0.800" in texts(figure)
    assert "item 2, not found" in texts(figure)
    assert rendered(figure)


def test_the_worst_categories_are_sorted_and_rare_ones_left_out() -> None:
    figure = worst_categories(
        {"Ties": (0.5, 10), "Caps": (0.25, 20), "Rare": (0.0, 2), "Belts": (1.0, 30)}, most=2
    )
    [axes] = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Caps", "Ties"]
    assert texts(figure)[:2] == ["0.25  (20)", "0.50  (10)"]
    assert "all 0.67" in texts(figure)
    assert rendered(figure)


def test_nothing_to_show_renders_too() -> None:
    assert rendered(worst_categories({}))
    assert rendered(query_gallery([]))


def test_the_gate_is_drawn_with_its_interval_and_its_categories() -> None:
    change = Change("Ties", 40, 0.6, 0.5, -0.2, -0.01)
    verdict = Decided(False, "recall in Ties falls", 0.01, 0.002, 0.018, 0.95, 1400, (change,))
    figure = gate_interval(verdict)
    assert titles(figure) == ["Held. Recall in Ties falls"]
    [axes] = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["All queries  (1,400)", "Ties  (40)"]
    bars = [line for line in axes.lines if line.get_solid_capstyle() == "round"]
    assert [np.asarray(line.get_xdata()).tolist() for line in bars] == [[0.002, 0.018], [-0.2, -0.01]]
    assert [line.get_color() for line in bars] == [GREEN, RED]
    assert rendered(figure)


def test_the_first_verdict_of_all_is_told_without_an_interval() -> None:
    figure = gate_interval(Decided(True, "there is no champion", None, None, None, 0.95, 10, ()))
    assert [text.get_text() for text in figure.texts] == ["Promoted. There is no champion"]
    assert rendered(figure)


def _rgba(color: str) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgba

    return to_rgba(color)
