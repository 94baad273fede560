"""The card tells what it knows and leaves out what it does not."""

from __future__ import annotations

from dataclasses import replace

from atelier.registry.cards import CardContents, files_section, model_card

FACTS = CardContents(
    name="retrieval",
    summary="Finds the catalogue item that a photo shows.",
    intended_use="Photo search in one shop.",
    limits=["Street photos without a box are rarely found."],
    preset="small",
    data_version="d1",
    splits={"train": {"items": 11000, "photos": 12500}, "test": {"items": 1400}},
    licences={"fashion-product-images": "none stated"},
    metrics={"tidy/recall_at_1": 0.81},
    categories={f"Category {index:02}": (index / 20, index) for index in range(20)}
    | {"Ties | bows": (0.0, 3)},
    cost={"CPU time for a picture": "1.2 ms"},
)


def test_a_card_holds_every_fact_in_its_place() -> None:
    card = model_card(FACTS)
    titles = [line for line in card.splitlines() if line.startswith("#")]
    assert titles == [
        "# retrieval",
        "## Intended use",
        "## Limits",
        "## Training data",
        "## Measured on the held-out test part",
        "## The 10 worst categories",
        "## Cost",
    ]
    for line in (
        "Data version `d1`, preset `small`.",
        "| train | 11,000 | 12,500 |",
        "| test | 1,400 | 0 |",
        "| fashion-product-images | none stated |",
        "| tidy/recall_at_1 | 0.8100 |",
        "| CPU time for a picture | 1.2 ms |",
        "- Street photos without a box are rarely found.",
    ):
        assert line in card.splitlines()


def test_the_worst_categories_come_first_and_the_best_are_left_out() -> None:
    card = model_card(FACTS)
    rows = [line for line in card.splitlines() if line.startswith(("| Category ", "| Ties"))][1:]
    assert rows[0] == "| Category 00 | 0.000 | 0 |"
    assert rows[1] == "| Ties \\| bows | 0.000 | 3 |"
    assert len(rows) == 10
    assert "Category 19" not in card


def test_names_from_data_are_no_markup() -> None:
    names = {"[sale](http://x)": (0.0, 3), "<b>bold": (0.1, 4)}
    card = model_card(replace(FACTS, categories=names, licences={"a|b": "*none*"}))
    assert "| \\[sale\\](http://x) | 0.000 | 3 |" in card
    assert "| \\<b\\>bold | 0.100 | 4 |" in card
    assert "| a\\|b | \\*none\\* |" in card


def test_a_section_without_facts_is_left_out() -> None:
    card = model_card(replace(FACTS, limits=[], metrics={}, categories={}, cost={}, splits={}, licences={}))
    assert "|" not in card
    assert "Cost" not in card and "Limits" not in card


def test_the_files_are_listed_by_name() -> None:
    section = files_section({"b.onnx": "22", "a.json": "11"})
    assert section.splitlines()[-2:] == ["| a.json | `11` |", "| b.onnx | `22` |"]
