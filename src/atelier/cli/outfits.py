"""Outfits: `outfit` around items, `generate` in bulk, `collage` as pictures, `content` for a channel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from atelier.cli.output import (
    AsJson,
    Quiet,
    open_settings,
    price_of,
    print_facts,
    print_json,
    print_table,
    progress_on_stderr,
    user_id,
)

Rules = Annotated[str, typer.Option(help="Rules by name (`atelier rules list`), or a rule file.")]
Variety = Annotated[
    float, typer.Option(min=0, max=1, help="How far the pieces of a set are held apart; 0: what goes best.")
]


def add_to(app: typer.Typer) -> None:
    app.command()(outfit)
    app.command()(generate)
    app.command()(collage)
    app.command()(content)


def outfit(
    items: Annotated[list[str], typer.Argument(metavar="ITEM_ID", help="Items that stand in each set.")],
    rules: Rules,
    k: Annotated[int, typer.Option(min=1, help="Sets to make.")] = 1,
    variety: Variety = 0.0,
    user: Annotated[
        str | None,
        typer.Option(
            callback=user_id, metavar="USER_ID", help="Of good sets, those this user probably clicks."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another one gives other sets.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make complete sets around items; each keeps every rule."""
    from atelier.styling.run import outfit as job
    from atelier.styling.stylist import Wishes

    answer = job(open_settings(), items, rules, Wishes(k, variety, seed=seed, user=user))
    if as_json:
        print_json(answer)
        return
    columns = ("slot", "item_id", "title", "category", "price")
    for number, each in enumerate(answer["sets"], 1):
        rows = [
            (*(piece[name] for name in columns[:-1]), price_of(piece["price"])) for piece in each["pieces"]
        ]
        liked = "" if user is None else f", {each['liking']:.0%} likely to be clicked"
        print_table(columns, rows, f"Set {number}, score {each['score']:.3f}{liked}")


def generate(
    rules: Rules,
    count: Annotated[int, typer.Option(min=1, help="Sets to make.")],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Lance table; the same call goes on with it.")
    ] = Path("sets.lance"),
    pool: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Only these items: an SQL condition on their facts.")
    ] = None,
    most_uses: Annotated[
        int | None, typer.Option(min=1, help="Sets that an item may stand in. Default: thrice even use.")
    ] = None,
    variety: Variety = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Another one gives other sets.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="Processes of this machine.")] = 2,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Ray cluster instead; 'local' starts one here.")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make sets in bulk into a Lance table; may be killed and called again."""
    from atelier.styling.bulk import generate as job
    from atelier.styling.workers import Processes, RayCluster

    with progress_on_stderr(quiet):
        made = job(
            open_settings(),
            rules,
            count,
            out,
            where=pool,
            most_uses=most_uses,
            variety=variety,
            seed=seed,
            workers=Processes(processes) if ray is None else RayCluster(ray),
        )
    print_json(made) if as_json else print_facts(vars(made))


def collage(
    pieces: Annotated[
        list[str], typer.Argument(metavar="PIECE", help="SLOT=ITEM_ID: 'top=10268' 'shoes=31034'.")
    ],
    out: Annotated[Path, typer.Option(help="The picture to write: .jpg, .png or .webp.")] = Path(
        "collage.jpg"
    ),
    template: Annotated[
        str | None, typer.Option(help="A template by name, or a JSON file. Default: the best match.")
    ] = None,
    title: Annotated[str, typer.Option(help="Text of the area 'title'.")] = "",
    subtitle: Annotated[str, typer.Option(help="Text of the area 'subtitle'.")] = "",
    width: Annotated[int, typer.Option(min=64, max=4096)] = 800,
    height: Annotated[int, typer.Option(min=64, max=4096)] = 800,
    seed: Annotated[int, typer.Option(min=0, help="Another one may choose another layout.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Lay a set of the live release's items out as a picture."""
    from atelier.styling.run import collage as job

    if wrong := [each for each in pieces if not all(each.partition("="))]:
        raise typer.BadParameter(f"expected SLOT=ITEM_ID, got {wrong[0]!r}", param_hint="PIECE")
    placed = [(slot, item_id) for slot, _, item_id in (each.partition("=") for each in pieces)]
    texts = {"title": title, "subtitle": subtitle}
    drawn = job(open_settings(), placed, out, texts=texts, template=template, size=(width, height), seed=seed)
    facts = {"picture": str(out), "template": drawn.template, **vars(drawn.measures)}
    print_json(facts) if as_json else print_facts(facts)


def content(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Name of the channel: 'weekly'.")],
    rules: Rules,
    count: Annotated[int, typer.Option(min=1, help="Sets to publish.")] = 12,
    pool: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Only these items: an SQL condition on their facts.")
    ] = None,
    title: Annotated[str, typer.Option(help="Stands on every picture.")] = "",
    offer: Annotated[
        bool, typer.Option("--offer", help="In feeds, too: the next daily run ingests the sets.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make today's content of a channel: sets, their pictures, and a page of them."""
    from atelier.jobs.content import Channel, make_content

    with progress_on_stderr(quiet):
        made = make_content(open_settings(), Channel(channel, rules, count, pool, title, offer=offer))
    print_json(made) if as_json else print_facts(vars(made))
