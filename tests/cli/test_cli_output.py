"""What commands print: text from data is shown as it is, whatever it holds; prices have two decimals."""

from __future__ import annotations

import logging

import pytest
from rich.text import Text

from atelier.cli.output import (
    fail,
    literal,
    price_of,
    print_facts,
    print_line,
    print_table,
    progress_on_stderr,
    say,
)

MARKUP = [
    "Jeans [xl]",
    "Summer [/sale] 2026",
    "[/b]",
    "[red]x[/red]",
    ":smile:",
    "[link=file:///etc]x[/link]",
    "\\[b]",
]
HOSTILE = {
    "\x1b[31mred": "\\x1b[31mred",
    "a\rb": "a\\x0db",
    "caf\udce9": "caf\\xe9",
    "\u202eevil": "\\u202eevil",
}


@pytest.mark.parametrize("text", MARKUP)
def test_no_text_of_a_table_is_markup(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table((f"c {text}", "n"), [(text, 1), ("plain", 2)], title=f"t {text}")
    out = capsys.readouterr().out
    assert out.count(text) == 3, out
    assert Text(text).plain == text


@pytest.mark.parametrize("text", MARKUP)
def test_no_message_is_markup(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_facts({"drop": text, "reasons": (text,)})
    print_line(text)
    say(text)
    fail(text)
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == f"drop     {text}"
    assert captured.out.splitlines()[2] == text
    assert captured.err == f"{text}\nError: {text}\n"


@pytest.mark.parametrize(("text", "shown"), HOSTILE.items())
def test_what_would_steer_a_terminal_is_shown_by_its_number(
    text: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert literal(text) == shown
    print_table(("title",), [(text,)], title=text)
    print_facts({"title": text})
    print_line(text)
    say(text)
    fail(text)
    captured = capsys.readouterr()
    assert captured.out.count(shown) == 4
    assert captured.err.count(shown) == 2
    assert text not in captured.out + captured.err


def test_log_lines_are_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_on_stderr():
        logging.getLogger("atelier.test").info("drop %s: %s", "[/sale]", "\x1b[2J")
    assert "drop [/sale]: \\x1b[2J" in capsys.readouterr().err


def test_tabs_lines_and_every_script_stay(capsys: pytest.CaptureFixture[str]) -> None:
    text = "初秋 مرحبا é\u0301 👗 a\tb"
    assert literal(text) == text
    print_line(text)
    assert capsys.readouterr().out == f"{text}\n"


@pytest.mark.parametrize(
    ("price", "shown"), [(56.99, "56.99"), (56.9900016784668, "56.99"), (5, "5.00"), (1299.5, "1,299.50")]
)
def test_a_price_has_two_decimals(price: float, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("score", "price"), [(0.5, price_of(price)), (0.25, price_of(None))])
    cells = [line.split("│")[1:3] for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert [[cell.strip() for cell in row] for row in cells] == [["0.5000", shown], ["0.2500", "-"]]
