"""Writes model cards: purpose, training data, limits, metrics and cost, in Markdown.

After Mitchell et al., Model Cards for Model Reporting, https://arxiv.org/abs/1810.03993.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from atelier.markdown import literal

WORST_SHOWN = 10


@dataclass(frozen=True)
class CardContents:
    """The contents of a card. A section without contents is left out."""

    name: str
    summary: str
    """What it is and does, a paragraph."""
    intended_use: str
    limits: Sequence[str]
    """What it cannot do or was not tested for, a sentence each."""
    preset: str
    data_version: str
    splits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Split -> what -> how many: {'train': {'items': 11000, 'photos': 12500}}."""
    licences: Mapping[str, str] = field(default_factory=dict)
    """Source of training data -> its licence as the source gives it, or 'none stated'."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Measured on the held-out test part."""
    categories: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    """Category -> (recall_at_1, number of queries); the worst are shown."""
    cost: Mapping[str, str] = field(default_factory=dict)
    """What -> with its unit: {'CPU time for a picture': '1.2 ms on one thread'}."""


def model_card(facts: CardContents) -> str:
    """Write the card; `Registry.register` adds the digests of the files."""
    worst = sorted(facts.categories.items(), key=lambda entry: (entry[1][0], entry[0]))[:WORST_SHOWN]
    kinds = sorted({kind for counts in facts.splits.values() for kind in counts})
    sections = [
        f"# {facts.name}\n\n{facts.summary}",
        f"## Intended use\n\n{facts.intended_use}",
        _section("Limits", "\n".join(f"- {limit}" for limit in facts.limits)),
        f"## Training data\n\nData version `{facts.data_version}`, preset `{facts.preset}`.",
        _table(
            ["Split", *kinds],
            [
                [split, *(f"{counts.get(kind, 0):,}" for kind in kinds)]
                for split, counts in facts.splits.items()
            ],
        ),
        _table(
            ["Source", "Licence, as given"],
            [[literal(source), literal(licence)] for source, licence in facts.licences.items()],
        ),
        _section(
            "Measured on the held-out test part",
            _table(["Metric", "Value"], [[name, f"{value:.4f}"] for name, value in facts.metrics.items()]),
        ),
        _section(
            f"The {len(worst)} worst categories",
            _table(
                ["Category", "recall_at_1", "Queries"],
                [
                    [literal(name), f"{recall:.3f}", f"{num_queries:,}"]
                    for name, (recall, num_queries) in worst
                ],
            ),
        ),
        _section("Cost", _table(["What", "Measured"], [list(entry) for entry in facts.cost.items()])),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def files_section(digests: Mapping[str, str]) -> str:
    """Write the last section of a card: the digests of its files."""
    return _section(
        "Files", _table(["File", "sha256"], [[name, f"`{digests[name]}`"] for name in sorted(digests)])
    )


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column to the left, the others to the right; nothing where there are no rows."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if not lines:
        return ""
    rule = "| --- |" + " ---: |" * (len(columns) - 1)
    return "\n".join(["| " + " | ".join(columns) + " |", rule, *lines])


def about_family(text: str) -> dict[str, str]:
    """Split a family's CARD.md into its sections by heading; '' is its introduction."""
    introduction, *sections = text.split("\n## ")
    named = {heading: body.strip() for heading, _, body in (part.partition("\n") for part in sections)}
    return {"": introduction.partition("\n")[2].strip(), **named}
