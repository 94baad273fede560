"""Many sets of a trained outfit model: a killed order goes on, and a pool is what its condition says."""

from __future__ import annotations

from pathlib import Path

import pytest
from styling_world import RULES, Here

from atelier.errors import (
    CatalogueIndexError,
    QueryError,
)
from atelier.settings import Settings
from atelier.styling.bulk import generate


@pytest.fixture(scope="module")
def settings(styling_home: Path) -> Settings:
    return Settings(home=styling_home, serve_threads=1)


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """A file with the operators' rules."""
    (tmp_path / "wear.yaml").write_text(RULES)
    return str(tmp_path / "wear.yaml")


def test_a_killed_order_goes_on_and_no_item_is_everywhere(
    settings: Settings, rules: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atelier.styling.batch_spec.BLOCK", 40)
    killed, going_on = Here(killed_after=2), Here()
    with pytest.raises(KeyboardInterrupt):
        generate(settings, rules, 150, tmp_path / "sets", most_uses=11, workers=killed, progress=False)
    made = generate(settings, rules, 150, tmp_path / "sets", most_uses=11, workers=going_on, progress=False)
    assert sorted(killed.made + going_on.made) == [0, 1, 2, 3]
    assert (made.num_sets, made.num_made_now) == (150, 80)
    assert made.most_uses <= 11
    whole = generate(settings, rules, 150, tmp_path / "whole", most_uses=11, workers=Here(), progress=False)
    assert whole.mean_score == pytest.approx(made.mean_score), "equal orders make equal sets"
    with pytest.raises(CatalogueIndexError, match="holds the sets of another order"):
        generate(settings, rules, 151, tmp_path / "sets", workers=Here(), progress=False)


def test_a_pool_is_what_its_condition_says(settings: Settings, rules: str, tmp_path: Path) -> None:
    made = generate(
        settings,
        rules,
        30,
        tmp_path / "sets",
        where="gender = 'Women' AND price < 120",
        workers=Here(),
        progress=False,
    )
    assert made.num_sets == 30
    for where, message in (("prise < 3", "such as"), ("price < -1", "no item of index")):
        with pytest.raises(QueryError, match=message):
            generate(settings, rules, 30, tmp_path / "none", where=where, workers=Here(), progress=False)
    assert not (tmp_path / "none").exists()
