"""A document's mistakes are named with file, line and place."""

from __future__ import annotations

import json

import pytest

from atelier.collage.document import parse_document
from atelier.collage.templates import parse_template
from atelier.errors import TemplateError

PLAIN = """{
  "name": "Plain",
  "canvas": [1000, 1000],
  "margin": 50,
  "background": {"colour": "#F4EFE8"},
  "boxes": [
    {"slots": ["top"], "box": [50, 50, 450, 450]},
    {"slots": ["shoes"], "box": [500, 500, 950, 950], "align": "bottom right"}
  ],
  "texts": [
    {"name": "title", "box": [500, 50, 950, 150], "size": 60, "colour": "#222222"}
  ]
}"""


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("[50, 50, 450, 450]", "[50, 50, 550, 550]", 8, "boxes[1]: 'shoes' overlaps 'top'"),
        ("[50, 50, 450, 450]", "[10, 50, 450, 450]", 7, "boxes[0].box: lies outside of [50, 50, 950, 950]"),
        ("[50, 50, 450, 450]", "[450, 50, 50, 450]", 7, "left before right"),
        ("[50, 50, 450, 450]", "[50, 50, 450]", 7, "boxes[0].box: expected 4 numbers, found 3"),
        ("[50, 50, 450, 450]", '[50, 50, "450", 450]', 7, "boxes[0].box[2]: expected a number, found '450'"),
        (', "box": [50, 50, 450, 450]', "", 7, "boxes[0]: 'box' is missing"),
        ('["top"]', "[]", 7, "boxes[0].slots: expected at least 1, found 0"),
        ('"bottom right"', '"south"', 8, "boxes[1].align: expected one of left, centre, right"),
        ('"#F4EFE8"', '"beige"', 5, "background.colour: expected a colour like #F4EFE8, found 'beige'"),
        ('"size": 60', '"size": 600', 11, "texts[0].size: expected 1 to 100, found 600"),
        ("[500, 50, 950, 150]", "[300, 50, 950, 150]", 11, "texts[0]: 'title' overlaps 'top'"),
        ('"name": "title"', '"name": "top"', 11, "texts[0]: the name 'top' stands twice"),
        ('"canvas": [1000, 1000]', '"canvas": [1000, 100]', 3, "canvas: expected [width, height]"),
        ('"margin": 50', '"margn": 50', 4, "margn: unknown key 'margn'"),
        ('"margin": 50', '"margin": 50 "x"', 4, "not JSON"),
        ('"margin": 50', '"margin": NaN', 4, "column 13: not JSON: NaN is no number"),
        ('"margin": 50', '"margin": -Infinity', 4, "column 13: not JSON: -Infinity is no number"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_place(old: str, new: str, line: int, message: str) -> None:
    assert old in PLAIN
    with pytest.raises(TemplateError) as caught:
        parse_template(PLAIN.replace(old, new, 1), "mine.json")
    assert str(caught.value).startswith(f"mine.json, line {line}, column ")
    assert message in str(caught.value)


def test_a_template_without_boxes_and_one_that_is_no_object_are_refused() -> None:
    with pytest.raises(TemplateError, match="boxes: expected at least 1"):
        parse_template('{"name": "x", "canvas": [1, 1], "boxes": []}')
    with pytest.raises(TemplateError, match="line 1, column 1: expected an object, found a list"):
        parse_template("[]")


def test_values_are_read_as_json_reads_them() -> None:
    fields = parse_document(
        '{"n": 1.5, "t": "12", "b": true, "c": "#0a10FF", "l": [1, 2], "w": ["a", "b"]}', "x.json"
    ).fields(("n", "t", "b", "c", "l", "w"))
    assert fields["n"].number() == 1.5
    assert fields["t"].text() == "12"
    assert fields["b"].yes() is True
    assert fields["c"].colour() == (10, 16, 255)
    assert fields["l"].numbers(2) == (1.0, 2.0)
    assert fields["w"].texts() == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"x\.json, line 1, column 2: not JSON"),
        ('{"a": 1,\n "a": 2}', r"x\.json, line 2, column 2: a: stands there twice"),
        ('{\n\n"b": 1}', r"x\.json, line 3, column 1: b: unknown key 'b' \(known: a\)"),
        ("{}", "'a' is missing"),
        ("[]", "expected an object, found a list"),
        ('{"a": NaN}', "NaN is no number"),
    ],
)
def test_what_is_no_such_object_is_named(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse_document(text, "x.json").fields(("a",))


@pytest.mark.parametrize(
    ("value", "asked", "message"),
    [
        ("true", "number", "expected a number, found 'true'"),
        ('"1"', "number", "expected a number"),
        ("1", "text", "expected a text"),
        ('" "', "text", "expected a text"),
        ('"yes"', "yes", "expected true or false"),
        ('"#12345"', "colour", "expected a colour like"),
        ("[1]", "number", "expected one value, found a list"),
        ("{}", "items", "expected a list, found an object"),
        ("2e9", "number", "expected -1e\\+09 to 1e\\+09"),
        ("1e999", "number", "expected -1e\\+09 to 1e\\+09, found inf"),
        ("-" + "9" * 350, "number", "expected -1e\\+09 to 1e\\+09, found -inf"),
        ("9" * 5000, "number", "expected -1e\\+09 to 1e\\+09, found inf"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_place(value: str, asked: str, message: str) -> None:
    a = parse_document(f'{{"a": {value}}}', "x.json").fields(("a",))["a"]
    with pytest.raises(TemplateError, match=rf"x\.json, line 1, column 7: a: {message}"):
        getattr(a, asked)()


def test_tabs_are_no_mistake() -> None:
    assert parse_document('{\n\t"a":\t3}', "x.json").fields(("a",))["a"].number() == 3


@pytest.mark.parametrize(
    "text", ['{"a": "no\\nlines"}', '{"a": "\\ud83d\\ude00 😀 é"}', '{"a": "http:\\/\\/x"}']
)
def test_escapes_are_those_of_json(text: str) -> None:
    assert parse_document(text, "x.json").fields(("a",))["a"].text() == json.loads(text)["a"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":\n' * 60 + "1" + "}" * 60,
        '{"a": ' * 5_000 + "1" + "}" * 5_000,
        "[" + "1," * 200_000 + "1]",
    ],
    ids=["open", "lists", "objects", "many objects", "long"],
)
def test_what_is_too_deep_or_too_large_is_named_with_line_and_column(text: str) -> None:
    with pytest.raises(
        TemplateError, match=r"^x\.json, line \d+, column \d+: .*more than (50 levels deep|100,000 values)"
    ):
        parse_document(text, "x.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": "\\ud83d"}', "line 1, column 7: not JSON we can read: half a character"),
        ('{"a":\n "\x7f"}', "line 2, column 3: not JSON we can read: special characters are not allowed"),
        ("\ufeff{}", "line 1, column 1: not JSON: Unexpected UTF-8 BOM"),
        ("", "line 1, column 1: not JSON: Expecting value"),
    ],
)
def test_what_only_looks_like_json_is_named_with_line_and_column(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=rf"^x\.json, {message}"):
        parse_document(text, "x.json")
