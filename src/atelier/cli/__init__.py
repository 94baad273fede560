"""`atelier ...`: one command a job; each imports what it needs when it is called, so that help is quick."""

from __future__ import annotations

import sys

import typer

from atelier.cli import answers, data, models, operations, releases
from atelier.cli.show import fail
from atelier.errors import AtelierError

app = typer.Typer(
    name="atelier",
    help="Photo search for a fashion catalogue, retrained daily and released as one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for room in (data, models, releases, answers, operations):
    room.add_to(app)


def main() -> None:
    """The command `atelier`: what Atelier raises on purpose becomes one message and exit code 1."""
    try:
        app()
    except AtelierError as error:
        fail(str(error))
        sys.exit(1)
