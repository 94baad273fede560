"""Sets by the thousand: blocks by themselves, use within bounds, and a killed job goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import lance
import numpy as np
import pyarrow as pa
import pytest
from families_world import publish_whole

from atelier.errors import CatalogueIndexError, QueryError
from atelier.settings import Settings
from atelier.styling import batch_spec
from atelier.styling.batch_spec import BatchSpec
from atelier.styling.block import make_block
from atelier.styling.bulk import generate


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    publish_whole(settings, tmp_path_factory.mktemp("files"))
    return settings


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_spec, "BLOCK", 4)


class Here:
    """Makes blocks in this process; is killed, so to speak, after some."""

    def __init__(self, die_after: int = 1000) -> None:
        self.die_after = die_after
        self.made: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def make(self, settings: Settings, order: BatchSpec, blocks: Sequence[int]) -> Iterator[pa.Table]:
        for block in blocks:
            if len(self.made) == self.die_after:
                raise KeyboardInterrupt
            self.made.append(block)
            yield make_block(settings, order, block)


@pytest.mark.usefixtures("small_blocks")
def test_as_many_sets_are_made_as_asked_and_the_report_counts_them(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "sets.lance"
    report = generate(settings, "wear", 10, path, most_uses=10, workers=Here(), progress=False)
    sets = _read(path)
    assert (report.num_sets, report.num_wanted, report.num_made_now) == (10, 10, 10)
    assert len({row["set_id"] for row in sets}) == 10
    uses = Counter(item for row in sets for item in row["item_ids"])
    assert report.most_uses == max(uses.values()) <= 10
    assert report.num_items_used == len(uses)
    assert report.mean_score == pytest.approx(np.mean([row["score"] for row in sets]))
    assert all(len(row["slots"]) == len(row["item_ids"]) for row in sets)


@pytest.mark.usefixtures("small_blocks")
def test_a_killed_job_makes_what_is_missing_and_ends_with_the_same_sets(
    settings: Settings, tmp_path: Path
) -> None:
    whole, resumed = tmp_path / "whole.lance", tmp_path / "resumed.lance"
    generate(settings, "wear", 10, whole, most_uses=10, workers=Here(), progress=False)
    with pytest.raises(KeyboardInterrupt):
        generate(settings, "wear", 10, resumed, most_uses=10, workers=Here(die_after=1), progress=False)
    going_on = Here()
    report = generate(settings, "wear", 10, resumed, most_uses=10, workers=going_on, progress=False)
    assert going_on.made == [1, 2]
    assert report.num_made_now == 6
    assert sorted(map(str, _read(whole))) == sorted(map(str, _read(resumed)))


def test_another_order_in_the_same_folder_is_refused(settings: Settings, tmp_path: Path) -> None:
    generate(settings, "wear", 3, tmp_path / "sets", workers=Here(), progress=False)
    with pytest.raises(CatalogueIndexError, match="sets of another order"):
        generate(settings, "wear", 3, tmp_path / "sets", seed=1, workers=Here(), progress=False)


def test_no_sets_at_all_is_a_wrong_number(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="expected 1 set or more, got 0"):
        generate(settings, "wear", 0, tmp_path / "sets")


def _read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lance.dataset(str(path)).to_table().to_pylist()
    return rows
