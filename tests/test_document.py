"""Values of a document know where they stand; `tests/rules` and `tests/collage` read whole documents."""

from __future__ import annotations

import math
from typing import ClassVar

import pytest

from atelier.document import DocumentValue
from atelier.errors import AtelierError, DropError


class _Value(DocumentValue):
    """A room's own values, with its error and its words."""

    error: ClassVar[type[AtelierError]] = DropError
    language: ClassVar[str] = "Klingon"
    mapping_word: ClassVar[str] = "a drawer"


def parse(text: str) -> _Value:
    document = _Value.parse(text, "x.txt")
    assert document is not None
    return document


def test_nothing_is_no_document() -> None:
    assert _Value.parse("", "x.txt") is None


def test_inner_values_are_of_the_room_s_kind_and_know_their_place() -> None:
    inner = parse("a:\n  - {b: 1}\n").mapping()["a"].items()[0].mapping()["b"]
    assert isinstance(inner, _Value)
    assert (inner.file, inner.place) == ("x.txt", "a[0].b")
    with pytest.raises(DropError, match=r"^x\.txt, line 2, column 9: a\[0\]\.b: too small$"):
        inner.wrong("too small")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: '", "line 1, column 5: not Klingon we can read: found unexpected end of stream"),
        ("a: 1\nb: \x07", "line 2, column 4: not Klingon we can read: special characters are not allowed"),
        ("[" * 200_000, "line 1, column 51: not Klingon we can read: more than 50 levels deep"),
        ("{a: " * 200_000, "line 1, column 198: not Klingon we can read: more than 50 levels deep"),
        ('"\\udc00"', "line 1, column 1: not Klingon we can read: half a character"),
    ],
    ids=["open text", "bell", "lists", "mappings", "surrogate"],
)
def test_what_is_not_the_language_is_named_with_line_and_column(text: str, message: str) -> None:
    with pytest.raises(DropError, match=rf"^x\.txt, {message}"):
        parse(text)


def test_kinds_are_told_apart_in_the_room_s_words() -> None:
    values = parse("{m: {}, l: [], s: x}").mapping()
    assert [(each.is_mapping, each.is_list) for each in values.values()] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert [each.shown for each in values.values()] == ["a drawer", "a list", "'x'"]
    with pytest.raises(DropError, match="expected a drawer, found a list"):
        values["l"].mapping()
    with pytest.raises(DropError, match="expected a list, found a drawer"):
        values["m"].items()
    with pytest.raises(DropError, match="expected one value, found a list"):
        values["l"].plain()
    with pytest.raises(DropError, match="expected at least 1, found 0"):
        values["l"].items(least=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a: 1, b: 2}", r"column 8: b: unknown thing 'b' \(known: a, c\)"),
        ("{a: 1, a: 2}", "column 8: a: stands there twice"),
        ("{'': 1}", "column 2: expected a word as key, found ''"),
        ("{<<: {a: 1}}", "column 2: YAML 1.2 has no merge key"),
    ],
)
def test_wrong_keys_are_named_where_they_stand(text: str, message: str) -> None:
    with pytest.raises(DropError, match=message):
        parse(text).mapping(("a", "c"), "thing")


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("-2.5", -2.5), ("9" * 350, math.inf), ("-" + "9" * 350, -math.inf), ("9" * 5000, math.inf)],
)
def test_numbers_are_floats_and_infinite_where_no_float_holds_them(text: str, number: float) -> None:
    assert parse(text).number() == number


@pytest.mark.parametrize("text", ["true", "'1'", "~", "x"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(DropError, match="expected a number, found"):
        parse(text).number()


def test_a_long_value_is_quoted_in_part() -> None:
    assert len(parse("x" * 1000).shown) == 82
