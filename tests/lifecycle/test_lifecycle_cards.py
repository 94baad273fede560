"""The card of a family: its own words, and what the examination measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from atelier.jobs.families import FAMILIES
from atelier.lifecycle.cards import bullets, card_of
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Examination, Family
from atelier.registry.cards import about_family
from atelier.registry.signature import Signature


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("- one\n- two\n", ["one", "two"]),
        ("- one\n  goes on\n  and on\n\n- two", ["one goes on and on", "two"]),
        ("Before the list.\n- one - with a dash\n", ["one - with a dash"]),
    ],
)
def test_each_bullet_is_one_limit_however_it_is_wrapped(text: str, expected: list[str]) -> None:
    assert bullets(text) == expected


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_says_what_it_is_for_and_what_its_limits_are(family: Family[Any]) -> None:
    about = about_family(family.card.read_text(encoding="utf-8"))
    assert about[""]
    assert about["Intended use"]
    assert len(bullets(about["Limits"])) >= 2


@dataclass(frozen=True)
class Preset:
    name: str


def test_a_card_has_the_words_of_the_family_and_the_figures_of_the_examination(tmp_path: Path) -> None:
    examination = Examination(
        files=tmp_path,
        served="x.onnx",
        signature=Signature((), ()),
        example={},
        metrics={"test/recall_at_1": 0.4321},
        results=None,
        splits={"test": {"searches": 77}},
        licences={"simulated": "CC0"},
        categories={"Umbrellas": (0.25, 8)},
        cost={"a picture": "3 ms"},
    )
    nowhere: Any = None
    context = Context(nowhere, nowhere, Preset("tiny"), "0123456789abcdef", False, tmp_path)
    card = card_of(FAMILIES[0], context, examination)
    about = about_family(FAMILIES[0].card.read_text(encoding="utf-8"))
    for said in ("tiny", "0123456789ab", "0.432", "77", "simulated", "CC0", "Umbrellas", "3 ms"):
        assert said in card, said
    for limit in bullets(about["Limits"]):
        assert f"- {limit}" in card
