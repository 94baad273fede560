"""`atelier ...`: one command a job; each imports what it needs when it is called, so that help is quick."""

from __future__ import annotations

import sys

import typer

from atelier.cli import (
    data,
    delivery,
    models,
    operations,
    outfits,
    releases,
    remote_training,
    review,
    rules,
    search,
)
from atelier.cli.output import fail
from atelier.errors import AtelierError

app = typer.Typer(
    name="atelier",
    help="Photo search for a fashion catalogue, retrained daily and released as one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for room in (data, models, remote_training, review, releases, search, rules, outfits, delivery, operations):
    room.add_to(app)


def main() -> None:
    """The command `atelier`: what Atelier raises on purpose becomes one message and exit code 1."""
    try:
        app()
    except AtelierError as error:
        fail(str(error))
        sys.exit(1)
