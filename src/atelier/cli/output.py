"""How commands speak: JSON and tables on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atelier.progress import Progress, silence

if TYPE_CHECKING:
    from atelier.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress, only warnings.")]


def open_settings() -> Settings:
    """The settings of this workspace, from the environment; names the variable that is wrong."""
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


def print_json(value: Any) -> None:
    """One JSON value on standard output; dataclasses become objects, paths and times become text."""
    print(json.dumps(_plain(value), indent=2, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """A table on standard output; numbers stand to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console().print(table)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Names and values, one a line, on standard output."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        print(f"{name:<{width}}  {_cell(value)}")


def say(message: str) -> None:
    """A sentence for the person at the terminal."""
    print(message, file=sys.stderr, flush=True)


def fail(message: str) -> None:
    """An error for the person at the terminal, in red where there are colours."""
    typer.secho(f"Error: {message}", fg="red", err=True)


@contextlib.contextmanager
def progress_on_stderr(quiet: bool = False) -> Iterator[None]:
    """Sends what jobs and their libraries print, and the project's own log, to standard error.

    A command that is at work for long says every 20 seconds that it is. With `quiet` only warnings come
    through.
    """
    log = logging.getLogger("atelier")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
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
    return f"{value:.4f}" if isinstance(value, float) else str(value)
