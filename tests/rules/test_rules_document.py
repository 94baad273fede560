"""YAML 1.2 and nothing more: numbers as written, every fault with line and column, hostile files refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from atelier.errors import RulesError
from atelier.rules.document import Value, parse_document, read_document
from atelier.rules.file import parse_rules

RULES = "slots: {top: {category: Tops, at_most: AT_MOST}}\nsets: [{required: [top]}]\n"


def value(text: str) -> Value:
    return parse_document(f"key: {text}\n", "rules.yaml").mapping()["key"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0100", 100), ("0o100", 64), ("0x1F", 31), ("+7", 7), ("-0", 0), ("08", 8), ("1e3", 1000)),
        *((".5", 0.5), ("5.", 5), ("1.5E-1", 0.15), ("!!int 12", 12), ("!!float 3", 3), ("!!int '3'", 3)),
    ],
)
def test_numbers_are_those_of_yaml_1_2(text: str, number: float) -> None:
    assert value(text).number() == pytest.approx(number)


@pytest.mark.parametrize(
    "text",
    [
        *("1:30", "1_000", "0b11", "'12'", "yes", "true", "2024-13-45", "2024-01-01", "1e", "0o9", "~", "''"),
        *(
            ".inf",
            "-.INF",
            ".nan",
            "1e999",
            "9" * 350,
            "-" + "9" * 350,
            "9" * 5000,
            "0x" + "f" * 5000,
            "!!int 1.5",
            "!!float x",
            "[1]",
        ),
    ],
)
def test_what_is_no_finite_number_is_refused_with_line_and_column(text: str) -> None:
    with pytest.raises(RulesError, match=r"^rules\.yaml, line 1, column 6: key: ") as caught:
        value(text).number()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "read"),
    [
        *(("no", "no"), ("Off", "Off"), ("y", "y"), ("2024-13-45", "2024-13-45"), ("1:30", "1:30")),
        *(("'='", "="), ("!!str 12", "12"), ("true", True), ("FALSE", False), ("~", None), ("null", None)),
        *(("", None), ("nUll", "nUll")),
    ],
)
def test_words_are_those_of_yaml_1_2(text: str, read: object) -> None:
    assert value(text).plain() == read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !x b", r"line 1, column 4: not YAML we can read: the tag '!x' is unknown"),
        ("a: !!python/object/apply:os.system [ls]", "line 1, column 4: .*is unknown"),
        ("a: !!timestamp 2024-01-01", "line 1, column 4: .*is unknown"),
        ("a: !!map [1]", "line 1, column 4: .*"),
        ("a: 1\nb: &x [*x]", "line 2, column 8: .*an alias within its own anchor"),
        ("a: *nowhere", "line 1, column 4: .*undefined alias"),
        ("a: '", "line 1, column 5: .*"),
        ("a: 1\nb: \x07", "line 2, column 4: .*special characters are not allowed"),
        ('a: "\\UFFFFFFFF"', "line 1, column .*"),
        ("a: 1\n---\nb: 2", "line 2, column 1: .*"),
        ("a: 1\n\tb: 2", "line 2, column 1: .*"),
    ],
)
def test_what_is_not_yaml_is_named_with_line_and_column(text: str, message: str) -> None:
    with pytest.raises(RulesError, match=f"^rules.yaml, {message}"):
        parse_document(text, "rules.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n'a': 2", "line 2, column 1: a: stands there twice"),
        ("base: &b {x: 1}\n<<: *b", "line 2, column 1: YAML 1.2 has no merge key"),
        ("a: 1\n[b]: 2", "line 2, column 1: expected a word as key"),
        ("a: 1\n'': 2", "line 2, column 1: expected a word as key"),
    ],
)
def test_keys_that_are_none_are_named_with_line_and_column(text: str, message: str) -> None:
    with pytest.raises(RulesError, match=f"^rules.yaml, {message}"):
        parse_document(text, "rules.yaml").mapping()


def test_anchors_are_read() -> None:
    keys = parse_document("a: &a {x: [1, 2]}\nb: *a\nc: *a", "rules.yaml").mapping()
    for key in "abc":
        assert [each.number() for each in keys[key].mapping()["x"].items()] == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 10_000,
        "a: " + "[" * 10_000 + "]" * 10_000,
        "a: " + "{b: " * 10_000 + "1" + "}" * 10_000,
        "".join(" " * depth + "a:\n" for depth in range(2_000)),
        "- " * 10_000 + "a",
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200)),
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
    ],
    ids=["open", "lists", "mappings", "block", "dashes", "chain of aliases", "billion laughs"],
)
def test_a_document_that_is_too_deep_or_grows_is_refused_at_once(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(
        RulesError, match=r"line \d+, column \d+: .*more than (50 levels deep|100,000 values)"
    ):
        parse_document(text, "rules.yaml")
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "at_most", [".inf", ".nan", "1:30", "2024-13-45", "=", "yes", "1.5", "1e400", "0o7777"]
)
def test_a_rule_file_with_an_odd_number_is_an_error_with_its_place(at_most: str) -> None:
    with pytest.raises(RulesError, match=r"^rules.yaml, line 1, column 40: slots\.top\.at_most: "):
        parse_rules(RULES.replace("AT_MOST", at_most), "rules.yaml")


def test_a_category_that_is_an_equals_sign_is_refused_with_its_place() -> None:
    with pytest.raises(RulesError, match=r"line 1, column 25: slots\.top\.category: '=' alone .* quotes"):
        parse_rules(RULES.replace("Tops", "=").replace("AT_MOST", "1"))


def test_octal_of_yaml_1_1_is_decimal(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES.replace("AT_MOST", "0010"))
    slots = read_document(tmp_path / "rules.yaml").mapping()["slots"]
    assert slots.mapping()["top"].mapping()["at_most"].whole_number(1, 12) == 10
