"""The plan of a family: its presets by name, and the stages that one asks for."""

from __future__ import annotations

from typing import Any

import pytest

from atelier.errors import TrainingError
from atelier.families import known_families
from atelier.families.training import Stage, TrainingPlan, training_plan


def build(*_: Any) -> Any:
    raise AssertionError("nothing is trained here")


PLAN = TrainingPlan(
    {"debug": lambda: 1, "large": lambda: 9},
    (
        Stage("teacher", build, lambda preset: preset),
        Stage("student", build, lambda preset: preset, after=("teacher",)),
        Stage("polish", build, lambda preset: preset, requested=lambda preset: preset > 5),
    ),
    (),
)


def test_a_preset_is_found_by_its_name_or_the_known_ones_are_named() -> None:
    assert PLAN.preset("large") == 9
    with pytest.raises(TrainingError, match="there is no preset 'huge'; known presets: debug, large"):
        PLAN.preset("huge")


def test_stages_are_those_that_the_preset_asks_for_in_the_order_of_training() -> None:
    assert [stage.role for stage in PLAN.requested_stages(1)] == ["teacher", "student"]
    assert [stage.role for stage in PLAN.requested_stages(9)] == ["teacher", "student", "polish"]
    assert PLAN.stage("student").after == ("teacher",)


def test_a_family_without_a_folder_is_refused_with_those_there_are() -> None:
    with pytest.raises(TrainingError, match="'caption'; known families: detection, outfit, ranking"):
        training_plan("caption")


@pytest.mark.parametrize("family", known_families())
def test_every_stage_of_every_family_comes_after_those_it_reads(family: str) -> None:
    plan = training_plan(family)
    for name in plan.presets:
        preset = plan.preset(name)
        assert preset.name == name
        before: set[str] = set()
        for stage in plan.requested_stages(preset):
            assert before.issuperset(stage.after), f"{stage.role} of {name}"
            assert stage.config(preset) is not None
            before.add(stage.role)
