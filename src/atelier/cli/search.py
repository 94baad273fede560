"""Answers: `search` in this process, and `serve` for everyone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from atelier.cli.output import (
    AsJson,
    open_settings,
    price_of,
    print_json,
    print_table,
    progress_on_stderr,
    say,
)


def add_to(app: typer.Typer) -> None:
    app.command()(search)
    app.command()(serve)


def search(
    photo: Annotated[Path | None, typer.Argument(help="A photo: JPEG, PNG, WebP.")] = None,
    text: Annotated[str | None, typer.Option(help="What is wanted, alone or beside a photo.")] = None,
    box: Annotated[
        str | None,
        typer.Option(metavar="X0,Y0,X1,Y1", help="Where the item is, in pixels; else it is found."),
    ] = None,
    category: Annotated[list[str] | None, typer.Option(help="Only this category; may be repeated.")] = None,
    k: Annotated[int, typer.Option(min=1, help="Items to find.")] = 10,
    as_json: AsJson = False,
    picture: Annotated[Path | None, typer.Option(help="Also draw the answer: .jpg, .png or .webp.")] = None,
) -> None:
    """Find the items that look like the one in a photo, or that a text asks for."""
    from atelier import pictures
    from atelier.serving.answerer import parse_box
    from atelier.serving.run import require_sheet_place, search_and_draw
    from atelier.serving.schemas import SearchAnswer

    if picture is not None:
        require_sheet_place(picture)
    with progress_on_stderr():
        answer, sheet = search_and_draw(
            open_settings(), photo, parse_box(box), category or (), k, text=text, draw=picture is not None
        )
    shown = SearchAnswer.of(answer)
    if as_json:
        print_json(shown.model_dump(mode="json"))
    else:
        rows = [
            (found.item_id, found.score, found.title, found.category, price_of(found.price), found.rating)
            for found in shown.items
        ]
        print_table(
            ("item", "score", "title", "category", "price", "rating"), rows, title=f"Release {shown.release}"
        )
    if picture is not None and sheet is not None:  # After the answer, which a full disk must not lose.
        pictures.save(sheet, picture)
        say(f"Drawn into {picture}.")


def serve() -> None:
    """Answer photo searches over HTTP.

    Follows the live release without a restart.
    """
    from atelier.serving.run import serve as job

    job(open_settings())
