"""How commands speak: values and tables on standard output, sentences on standard error."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from atelier.cli.output import print_facts, print_json, print_table, progress_on_stderr, say


@dataclass
class Made:
    path: Path
    counts: tuple[int, ...]


def test_dataclasses_become_objects_and_paths_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([Made(Path("a/b"), (1, 2)), {"c": None}])
    assert json.loads(capsys.readouterr().out) == [{"path": "a/b", "counts": [1, 2]}, {"c": None}]


def test_facts_stand_in_two_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts({"a": 1, "longer": 0.123456, "none": None})
    assert capsys.readouterr().out.splitlines() == ["a       1", "longer  0.1235", "none    -"]
    print_facts({})
    assert capsys.readouterr().out == ""


def test_a_table_has_its_title_its_columns_and_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "share"), [("a", 0.5), ("b", None)], title="Shares")
    out = capsys.readouterr().out
    assert all(word in out for word in ("Shares", "name", "share", "0.5000", "-"))


def test_sentences_and_progress_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_on_stderr():
        print("from a library")
        logging.getLogger("atelier.anything").info("from the project")
    logging.getLogger("atelier.anything").info("after the block")
    say("done")
    said = capsys.readouterr()
    assert said.out == ""
    assert [word in said.err for word in ("from a library", "from the project", "done")] == [True] * 3
    assert "after the block" not in said.err
