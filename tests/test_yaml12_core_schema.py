"""YAML as version 1.2 has it: what looks like a number or a word of 1.1 is what it looks like now."""

from __future__ import annotations

import math

import pytest
import yaml

from atelier.yaml12 import MAX_DEPTH, MAX_NODES, compose, plain_value


def value(text: str) -> object:
    node = compose(text)
    assert isinstance(node, yaml.ScalarNode)
    return plain_value(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text, None) for text in ("~", "null", "Null", "NULL")],
        *[(text, True) for text in ("true", "True", "TRUE")],
        ("false", False),
        *[(text, text) for text in ("no", "Yes", "on", "off", "y", "nULL", "tRue")],
        *[("0100", 100), ("0o17", 15), ("0x1F", 31), ("+7", 7), ("-3", -3)],
        *[("1:30", "1:30"), ("1_000", "1_000"), ("0b11", "0b11"), ("2026-11-22", "2026-11-22")],
        *[("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-2E-1", -0.2)],
        *[(".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf)],
        *[("'12'", "12"), ('"true"', "true"), ("''", ""), ("'='", "="), ("<<", "<<")],
        *[("!!str 12", "12"), ("!!int '12'", 12), ("!!float 3", 3.0), ("!!bool 'true'", True)],
    ],
)
def test_a_scalar_is_read_by_the_core_schema(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_not_a_number_is_one() -> None:
    assert math.isnan(float(str(value(".nan"))))


def test_a_number_of_many_digits_is_read_without_taking_forever() -> None:
    assert value("9" * 400) == int("9" * 400)
    assert value("9" * 5000) == value("0x" + "f" * 5000) == math.inf


@pytest.mark.parametrize(
    ("text", "message"),
    [("!!int twelve", "'twelve' is no int"), ("!!bool 'no'", "'no' is no bool"), ("=", "'=' alone means")],
)
def test_a_scalar_that_is_not_what_its_tag_says_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        value(text)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def doubled(times: int) -> str:
    """Each line names the one before it twice."""
    lines = ["- &a0 [x, x]", *(f"- &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, times))]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (nested(MAX_DEPTH + 1), f"more than {MAX_DEPTH} levels deep"),
        (doubled(40), f"more than {MAX_NODES:,} values, with its aliases"),
        ("&a [*a]", "an alias within its own anchor"),
        ("!!python/object:os.system x", "the tag .* is unknown"),
        ("!mine x", "the tag '!mine' is unknown"),
        ("!!set {a}", "is unknown"),
        ('"\\UFFFFFFFF"', "."),
        ("[a", "expected"),
        ("a\n---\nb", "single document"),
    ],
    ids=["deep", "a bomb of aliases", "endless", "python", "own tag", "set", "no character", "open", "two"],
)
def test_a_hostile_or_broken_document_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match=message) as caught:
        compose(text)
    assert caught.value.problem_mark is not None


def test_documents_up_to_the_limits_are_read() -> None:
    assert compose(nested(MAX_DEPTH)) is not None
    assert compose(doubled(10)) is not None
    assert compose("") is None
    assert compose("# nothing but a comment\n") is None


def test_an_alias_is_the_value_of_its_anchor() -> None:
    node = compose("a: &x [1, 2]\nb: *x\n")
    assert isinstance(node, yaml.MappingNode)
    (_, first), (_, second) = node.value
    assert first is second
