"""The page of a review: blinded, bounded, and in need of nothing but itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from reviewed_world import (
    NUM_QUERIES,
    World,
    page_data,
)

from atelier.jobs.review import page as review_page
from atelier.jobs.review.page import Shown, page
from atelier.pictures import encode_jpeg
from atelier.vocabulary import Box, Item


@pytest.fixture(scope="module")
def world(reviewed_dir: Path) -> World:
    return World.at(reviewed_dir)


def test_the_page_does_not_know_which_model_is_which(world: World) -> None:
    text = Path(world.made.page_path).read_text(encoding="utf-8")
    script = text[text.index('id="data">') :]
    assert not re.search(r"champion|challenger|retrieval [12]", script)
    sides = [query["a"] for query in world.facts["queries"]]
    assert 0.2 < np.mean([side == "champion" for side in sides]) < 0.8, "both stand on both sides"
    for shown, kept in zip(page_data(world.made)["queries"], world.facts["queries"], strict=True):
        first = kept["a"]
        second = "challenger" if first == "champion" else "champion"
        assert [item_id for item_id, _ in shown["a"]] == kept[first]
        assert [item_id for item_id, _ in shown["b"]] == kept[second]


def test_the_page_needs_nothing_but_itself_and_titles_cannot_break_out(world: World) -> None:
    text = Path(world.made.page_path).read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    assert "default-src 'none'" in text
    assert text.count("</script>") == 2
    assert "</script> № 1" in page_data(world.made)["items"]["001"]["title"]


def test_a_page_of_large_photos_stays_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_page, "MAX_BYTES", 500_000)
    random = np.random.default_rng(0)
    noise = [encode_jpeg(random.integers(0, 255, (400, 300, 3), np.uint8), quality=95) for _ in range(3)]
    items = {f"{n}": (Item(f"{n}", "title", "Jeans", "test"), noise[n % 3]) for n in range(30)}
    found = [(f"{n}", 0.5) for n in range(10)]
    searches = [Shown(f"{n}", "street", "1", Box(0, 0, 9, 9), noise[0], found, found) for n in range(4)]
    assert 100_000 < len(page("abc", searches, items).encode()) <= 500_000
    monkeypatch.setattr(review_page, "MAX_BYTES", 50_000)
    with pytest.raises(ValueError, match="4 searches do not fit into a page of 50,000 bytes"):
        page("abc", searches, items)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium to open the page")
def test_a_browser_shows_the_first_search_with_twenty_answers(world: World) -> None:
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000"]
    shown = subprocess.run(
        [*command, "--dump-dom", f"file://{world.made.page_path}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert shown.count('<article class="hit') == 20
    assert f"0 of {NUM_QUERIES} searches done" in shown
