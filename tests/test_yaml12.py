"""The syntax tree and the scalars of YAML 1.2; `tests/rules/test_rules_document.py` tries whole documents."""

from __future__ import annotations

import pytest
import yaml

from atelier.yaml12 import MAX_DEPTH, compose, plain_value


def test_nothing_is_no_document() -> None:
    assert compose("") is None
    assert compose("# a comment\n") is None


@pytest.mark.parametrize(
    ("text", "read"),
    [("010", 10), ("0o10", 8), ("1:30", "1:30"), ("no", "no"), ("1e2", 100.0), ("~", None), ("true", True)],
)
def test_scalars_are_those_of_the_core_schema(text: str, read: object) -> None:
    node = compose(text)
    assert isinstance(node, yaml.ScalarNode)
    value = plain_value(node)
    assert value == read
    assert type(value) is type(read)


def test_a_document_of_just_the_depth_that_is_allowed_is_read() -> None:
    lists = MAX_DEPTH - 1
    assert compose("[" * lists + "1" + "]" * lists) is not None
    with pytest.raises(yaml.MarkedYAMLError, match="more than 50 levels deep"):
        compose("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH)


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"😀"', "😀"])
def test_a_character_beyond_the_first_plane_is_one_character(text: str) -> None:
    node = compose(text)
    assert node is not None
    assert node.value == "😀"


@pytest.mark.parametrize("text", ['k: "\\ud83d"', 'k: "\\ude00\\ud83d"', '"\\ud83dx": 1'])
def test_half_a_character_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match="half a character") as caught:
        compose(text)
    assert caught.value.problem_mark is not None
    assert caught.value.problem_mark.line == 0
