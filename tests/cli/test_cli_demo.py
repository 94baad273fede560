"""The demo shows a search that found its item, says which did not, and fails where none did."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atelier.cli.demo import _MAX_SEARCHES, _NUM_HITS, _search
from atelier.errors import TrainingError
from atelier.jobs.retrieval import pick_photo as picking
from atelier.jobs.retrieval.pick_photo import PickedPhoto
from atelier.serving import run as serving
from atelier.settings import Settings


class Searches:
    """Held-out photos of item-0, item-1, ...; a search for item-N puts it at place `places[N]`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, places: dict[int, int]) -> None:
        self.places = places
        self.asked: list[str] = []
        monkeypatch.setattr(picking, "pick_photo", self.pick)
        monkeypatch.setattr(serving, "search", self.search)

    def pick(self, settings: Settings, target_path: Path, number: int = 0) -> PickedPhoto:
        del settings
        return PickedPhoto(target_path, None, f"item-{number}")

    def search(self, *_: Any, k: int, sheet_path: Path) -> Any:
        number = len(self.asked)
        self.asked.append(f"item-{number}")
        ids = [f"other-{place}" for place in range(k)]
        if place := self.places.get(number, 0):
            ids[place - 1] = f"item-{number}"
        assert sheet_path.name == "search.png"
        return SimpleNamespace(items=[SimpleNamespace(item_id=item_id) for item_id in ids])


def test_the_first_search_that_finds_its_item_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches = Searches(monkeypatch, {0: 1})
    found = _search(Settings(home=tmp_path), tmp_path, quiet=True)
    assert (found.item_id, found.rank, found.num_missed, len(searches.asked)) == ("item-0", 1, 0, 1)
    assert found.told() == f"a held-out photo found its item item-0 at place 1 of {_NUM_HITS}"


def test_photos_that_found_nothing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(monkeypatch, {2: _NUM_HITS})
    found = _search(Settings(home=tmp_path), tmp_path, quiet=True)
    assert (found.item_id, found.rank, len(searches.asked)) == ("item-2", _NUM_HITS, 3)
    assert "the 2 photos asked before it did not find theirs" in found.told()


def test_a_demo_whose_searches_find_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(monkeypatch, {})
    with pytest.raises(TrainingError, match=f"none of {_MAX_SEARCHES} held-out photos found its item"):
        _search(Settings(home=tmp_path), tmp_path, quiet=True)
    assert len(searches.asked) == _MAX_SEARCHES
