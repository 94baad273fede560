"""Writes the model card of any family from its CARD.md and its examination."""

from __future__ import annotations

from typing import Any

from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Examination, Family
from atelier.registry.cards import CardContents, about_family, model_card


def card_of(family: Family[Any], context: Context[Any], examination: Examination) -> str:
    """Write the card of a candidate, in Markdown."""
    about = about_family(family.card.read_text(encoding="utf-8"))
    return model_card(
        CardContents(
            name=family.name,
            summary=about[""],
            intended_use=about["Intended use"],
            limits=bullets(about["Limits"]),
            preset=context.preset.name,
            data_version=context.data_version,
            splits=examination.splits,
            licences=examination.licences,
            metrics=examination.metrics,
            categories=examination.categories,
            cost=examination.cost,
        )
    )


def bullets(text: str) -> list[str]:
    """Join the wrapped lines of each bullet of a Markdown list."""
    found: list[str] = []
    for line in text.splitlines():
        if line.startswith("- "):
            found.append(line.removeprefix("- ").strip())
        elif line.strip() and found:
            found[-1] += f" {line.strip()}"
    return found
