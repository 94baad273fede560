"""Prints JSON and tables on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atelier.progress import Progress, silence

if TYPE_CHECKING:
    from atelier.settings import Settings

_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line break, halves of characters, and what turns the direction of a line."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress, only warnings.")]


class Price(float):
    """An amount of money, shown with two decimals; `price_of` makes one."""


def price_of(value: float | None) -> Price | None:
    """Mark a number as a price for the tables; None is a price that is not known."""
    return None if value is None else Price(value)


def open_settings() -> Settings:
    """Read the settings of this workspace from the environment; an error names the wrong variable."""
    from pydantic import ValidationError

    from atelier.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            reason = problem["msg"].removeprefix("Value error, ")
            fail(f"ATELIER_{name} cannot be {problem['input']!r}: {reason}.")
        raise typer.Exit(1) from error


def utf8_path(given: Path | None) -> Path | None:
    """Check a path that will be recorded; for a parameter's `callback`."""
    try:
        str(given.resolve() if given else "").encode()
    except UnicodeEncodeError as error:
        raise typer.BadParameter(f"expected a path in UTF-8, got '{literal(str(given))}'") from error
    return given


def user_id(given: str | None) -> str | None:
    """Check the id of a user as it comes in; for a parameter's `callback`."""
    from atelier.vocabulary import USER_ID_EXPECTED, is_user_id

    if given is not None and not is_user_id(given):
        raise typer.BadParameter(f"expected {USER_ID_EXPECTED}, got {given[:80]!r}")
    return given


def print_json(value: Any) -> None:
    """Print one JSON value on standard output; dataclasses become objects, paths and times become text."""
    print(json.dumps(_plain(value), indent=2, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """Print a table on standard output; numbers are aligned right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=None if title is None else Text(literal(title)), title_justify="left")
    for index, column in enumerate(columns):
        seen = [row[index] for row in rows if row[index] is not None]
        numeric = bool(seen) and all(isinstance(value, int | float) for value in seen)
        table.add_column(Text(literal(column)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    Console().print(table)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Names and values, one a line, on standard output."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        print(f"{literal(name):<{width}}  {_cell(value)}")


def print_line(text: str) -> None:
    """Print a line on standard output."""
    print(literal(text))


def say(message: str) -> None:
    """Print a sentence for the person at the terminal."""
    print(literal(message), file=sys.stderr, flush=True)


def fail(message: str) -> None:
    """Print an error for the person at the terminal, in red where there are colours."""
    typer.secho(f"Error: {literal(message)}", fg="red", err=True)


def literal(text: str) -> str:
    """Escape text from data: characters that would steer a terminal, or that are none, become their
    numbers.
    """
    return _UNSHOWN.sub(_number, text)


class _LiteralFormatter(logging.Formatter):
    """Shows log lines as text; they hold names and titles from data."""

    def format(self, record: logging.LogRecord) -> str:
        return literal(super().format(record))


@contextlib.contextmanager
def progress_on_stderr(quiet: bool = False) -> Iterator[None]:
    """Send what jobs and their libraries print, and the project's own log, to standard error.

    A command that is at work for long says every 20 seconds that it is. With `quiet` only warnings come
    through.
    """
    log = logging.getLogger("atelier")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LiteralFormatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            silence() if quiet else contextlib.nullcontext(),
            Progress("still at work"),
        ):
            yield
    finally:
        log.removeHandler(handler)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _cell(value: Any) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, Price):
        return f"{value:,.2f}"
    return f"{value:.4f}" if isinstance(value, float) else literal(str(value))


def _number(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # How Python hands on a byte that is not UTF-8.
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
