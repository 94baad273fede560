"""Outfits: `outfit` around items, `generate` in bulk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atelier.cli.show import AsJson, open_settings, print_facts, print_json, print_table, progress_on_stderr

if TYPE_CHECKING:
    from atelier.styling.stylist import MadeSet, Stylist

Rules = Annotated[str, typer.Option(help="Rules by name (`atelier rules list`), or a rule file.")]
Variety = Annotated[
    float, typer.Option(min=0, max=1, help="How far the pieces of a set are held apart; 0: what goes best.")
]


def add_to(app: typer.Typer) -> None:
    app.command()(outfit)
    app.command()(generate)


def outfit(
    items: Annotated[list[str], typer.Argument(metavar="ITEM_ID...", help="Items that stand in each set.")],
    rules: Rules,
    k: Annotated[int, typer.Option(min=1, help="Sets to make.")] = 1,
    variety: Variety = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Another one gives other sets.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make complete sets around items; each keeps every rule."""
    from atelier.release.store import live
    from atelier.rules.file import parse_rules
    from atelier.styling.stylist import Stylist, Wishes

    settings = open_settings()
    stylist = Stylist.open(settings, live(settings))
    made = stylist.make(items, parse_rules(stylist.rules_text(rules), rules), Wishes(k, variety, seed=seed))
    shown = [_shown(stylist, each) for each in made]
    if as_json:
        print_json({"release": stylist.release.release_id, "rules": rules, "sets": shown})
        return
    for number, each in enumerate(shown, 1):
        rows = [
            tuple(piece[name] for name in ("slot", "item_id", "title", "category", "price"))
            for piece in each["pieces"]
        ]
        print_table(
            ("slot", "item", "title", "category", "price"), rows, f"Set {number}, score {each['score']:.3f}"
        )


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
    as_json: AsJson = False,
) -> None:
    """Make sets in bulk into a Lance table; may be killed and called again."""
    from atelier.styling.bulk import generate as job
    from atelier.styling.workers import Processes, RayCluster

    with progress_on_stderr():
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


def _shown(stylist: Stylist, made: MadeSet) -> dict[str, Any]:
    pieces = []
    for piece in made.pieces:
        facts = stylist.facts_of(piece.item_id)
        pieces.append(
            {"slot": piece.slot, **{name: facts[name] for name in ("item_id", "title", "category", "price")}}
        )
    return {"score": round(made.score, 4), "pieces": pieces}
