"""A trained outfit model is scored on a folder of sets that it has never seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from outfit_sets_world import write_files

from atelier.errors import (
    DropError,
)
from atelier.jobs.outfit.evaluate import evaluate
from atelier.settings import Settings


@pytest.fixture(scope="module")
def settings(styling_home: Path) -> Settings:
    return Settings(home=styling_home, serve_threads=1)


def test_a_folder_of_category_sets_is_scored(settings: Settings, tmp_path: Path) -> None:
    sets = [{"set_id": str(n), "items_category": [n % 8, (n + 1) % 8, (n + 3) % 8]} for n in range(40)]
    names = "".join(f"{number} Kind {number}\n" for number in range(8))
    write_files(tmp_path / "polyvore_categories", {"outfits.json": sets, "category_id.txt": names})
    metrics = evaluate(settings, tmp_path, progress=False)
    assert 0 <= metrics["categories/fill_in_the_blank"] <= 1
    assert metrics["categories/num_questions"] == 40
    with pytest.raises(DropError, match="no layout that is known"):
        (tmp_path / "empty").mkdir()
        evaluate(settings, tmp_path / "empty", progress=False)
