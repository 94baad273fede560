"""Defines `feed`, which prints the sets for a user."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from atelier.cli.output import AsJson, open_settings, price_of, print_json, print_table, user_id


def add_to(app: typer.Typer) -> None:
    app.command()(feed)


def feed(
    user: Annotated[
        str, typer.Argument(callback=user_id, help="A user's id; one never seen gets what is popular.")
    ],
    num: Annotated[int, typer.Option(min=1, max=100, help="Sets to show.")] = 20,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today (UTC) by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which sets a user would be shown, with the probability of each.

    By the live release; nothing is logged, since nobody is shown them.
    """
    from atelier.release.store import live
    from atelier.serving.feed import FeedMaker, today
    from atelier.serving.feed_routes import FeedAnswer

    settings = open_settings()
    maker = FeedMaker.open(settings, live(settings))
    when = day.date().isoformat() if day else today()
    answer = FeedAnswer.of(maker.make(user, when, num=num), maker, user, when)
    if as_json:
        print_json(answer.model_dump(mode="json"))
        return
    rows = [
        (
            each.place,
            each.outfit_id,
            each.made_by,
            price_of(each.price),
            each.fresh,
            each.propensity,
            " ".join(each.item_ids),
        )
        for each in answer.sets
    ]
    title = f"{user} on {when}, {answer.num_known_clicks} clicks known, release {answer.release}"
    print_table(("place", "set", "made by", "price", "fresh", "propensity", "items"), rows, title=title)
