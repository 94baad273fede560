"""The way back: what was live before what, however often a release came and went."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from atelier.release.history import remember, trail

Step = tuple[str, str | None, str]


def walked(folder: Path, *steps: Step, live: str | None = None) -> list[str]:
    for release_id, before, why in steps:
        remember(folder, release_id, before, why, None)
    return trail(folder, live or (steps[-1][0] if steps else None))


@pytest.mark.parametrize(
    ("steps", "live", "expected"),
    [
        ([], None, []),
        ([], "a", ["a"]),
        ([("a", None, "publish"), ("b", "a", "publish"), ("c", "b", "publish")], "c", ["a", "b", "c"]),
        ([("a", None, "publish"), ("b", "a", "publish"), ("a", "b", "rollback")], "a", ["a"]),
        (
            [("a", None, "publish"), ("b", "a", "publish"), ("a", "b", "rollback"), ("c", "a", "publish")],
            "c",
            ["a", "c"],
        ),
        ([("a", None, "publish"), ("b", "a", "publish"), ("a", "b", "publish")], "a", ["a", "b", "a"]),
        ([("a", None, "publish"), ("a", "a", "publish")], "a", ["a"]),
        ([("a", None, "publish")], "b", ["a", "b"]),
        ([("a", None, "publish"), ("c", "b", "publish")], "c", ["a", "b", "c"]),
        ([("a", None, "publish"), ("b", "a", "publish")], "a", ["a"]),
    ],
    ids=[
        "nothing",
        "live without a history",
        "forwards",
        "back",
        "back and on",
        "published again",
        "the same again",
        "the last step was not remembered",
        "a step between was not remembered",
        "a roll-back was not remembered",
    ],
)
def test_the_trail_leads_to_what_is_live(
    tmp_path: Path, steps: list[Step], live: str | None, expected: list[str]
) -> None:
    assert walked(tmp_path, *steps, live=live) == expected


def test_a_release_takes_the_place_of_another_on_the_way_back(tmp_path: Path) -> None:
    walked(tmp_path, ("a", None, "publish"), ("b", "a", "publish"))
    remember(tmp_path, "a2", "b", "withdraw", "a")
    assert trail(tmp_path, "a2") == ["a2"], "a without the withdrawn item stands where a stood"
    remember(tmp_path, "b2", "a2", "publish", "b2")
    assert trail(tmp_path, "b2") == ["a2", "b2"], "in place of itself is no place"


def test_a_line_that_was_half_written_is_passed_over(tmp_path: Path) -> None:
    walked(tmp_path, ("a", None, "publish"))
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('\n{"release_id": "b", "bef')
    assert trail(tmp_path, "b") == ["a", "b"]
    remember(tmp_path, "c", "b", "publish", None)
    assert trail(tmp_path, "c") == ["a", "b", "c"], "the next step tells what stood between"


def test_an_entry_says_when_and_why(tmp_path: Path) -> None:
    remember(tmp_path, "b", "a", "publish", None)
    (line,) = [line for line in (tmp_path / "history.jsonl").read_text().splitlines() if line]
    entry = json.loads(line)
    assert entry.pop("at").endswith("+00:00")
    assert entry == {"release_id": "b", "before": "a", "why": "publish"}
