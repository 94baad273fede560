"""Defines the command `atelier`; each command imports what it needs when it is called, so that help is
quick.
"""

from __future__ import annotations

import io
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
from atelier.cli.failures import sentence_for, wrong_argument
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
    """Run the command `atelier`: errors for users become one message and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # For terminals that lack a character.
    if wrong := wrong_argument(sys.argv[1:]):
        fail(wrong)
        sys.exit(2)
    try:
        app()
    except AtelierError as error:
        fail(str(error))
        sys.exit(1)
    except Exception as error:
        said = sentence_for(error)
        if said is None:
            raise
        fail(said)
        sys.exit(1)
