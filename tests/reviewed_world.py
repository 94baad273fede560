"""A review in the workspace of `review_world`: the page that was made, and a file of who judged it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from review_world import accept, two_models

from atelier.jobs.review.review import Reviewed, review
from atelier.settings import Settings

NUM_QUERIES = 24


@dataclass(frozen=True)
class World:
    """A workspace with a review of two models."""

    settings: Settings
    made: Reviewed

    @classmethod
    def at(cls, folder: Path) -> World:
        settings = Settings(home=folder / "home", max_bad_share=0.2)
        return cls(settings, review(settings, num_queries=NUM_QUERIES, seed=3, progress=False))

    @property
    def facts(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(Path(self.made.page_path).with_name("review.json").read_text())
        return value


def make_review(folder: Path) -> None:
    """The workspace of `review_world` with a review."""
    accept(Settings(home=folder / "home"))
    two_models(Settings(home=folder / "home"), folder)
    assert not World.at(folder).made.reused


def with_own_judgments(world: World, home: Path) -> Settings:
    """The same workspace with judgments of one test's own."""
    for name in ("data", "stores"):
        shutil.copytree(world.settings.home / name, home / name)
    shutil.copy(world.settings.data_pointer_path, home)
    return Settings(
        home=home,
        tracking_uri=world.settings.mlflow_uri,
        artifact_root=world.settings.mlflow_artifacts,
        max_bad_share=0.2,
    )


def page_data(made: Reviewed) -> dict[str, Any]:
    """What the page knows."""
    text = Path(made.page_path).read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    value: dict[str, Any] = json.loads(found.group(1))
    return value


def judge_by_truth(world: World) -> list[dict[str, Any]]:
    """A reviewer marks the very item 'same', others of its category 'similar', and prefers to find it."""
    data, rows = page_data(world.made), []
    for query in data["queries"]:
        own = data["items"][query["item_id"]]["category"]
        moment = "2026-11-22T10:00:00.000Z"
        for item_id in sorted({item_id for item_id, _ in (*query["a"], *query["b"])}):
            alike = "similar" if data["items"][item_id]["category"] == own else "wrong"
            verdict = "same" if item_id == query["item_id"] else alike
            rows.append(
                {"query": query["query"], "item_id": item_id, "verdict": verdict, "judged_at": moment}
            )
        places = [place_of(query[side], query["item_id"]) for side in ("a", "b")]
        better = "equal" if places[0] == places[1] else "A" if places[0] < places[1] else "B"
        rows.append({"query": query["query"], "item_id": None, "verdict": better, "judged_at": moment})
    return rows


def place_of(found: Sequence[Sequence[Any]], item_id: str) -> int:
    ids = [each[0] for each in found]
    return ids.index(item_id) if item_id in ids else len(ids)


def write_download(path: Path, world: World, rows: Sequence[dict[str, Any]], reviewer: str = "Ada") -> Path:
    path.write_text(
        json.dumps({"review_id": world.made.review_id, "reviewer": reviewer, "rows": rows}), encoding="utf-8"
    )
    return path
