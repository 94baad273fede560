"""Figures beside those that others published, and options that do not go together."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_runner import refusal

from atelier.cli.models import PublicSetName
from atelier.datasets.public_sets import PUBLIC_SETS


def test_the_names_written_out_are_those_of_the_public_sets() -> None:
    assert {name.value for name in PublicSetName} == set(PUBLIC_SETS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--release", "r1"), "only with --protocol"),
        (("outfit", "--protocol", "sop"), "only of retrieval"),
        (("outfit", "--family", "outfit"), "besides the family"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert message in " ".join(refusal(tmp_path, "evaluate", *arguments, "--data", str(tmp_path)).split())


def test_without_a_release_there_is_nothing_to_score(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert "release" in refusal(tmp_path, "evaluate", "--data", str(tmp_path / "data"))
