"""Operators' rules: `rules list`, `rules check`."""

from __future__ import annotations

from typing import Annotated

import typer

from atelier.cli.output import AsJson, fail, open_settings, print_json, print_table, say

rules = typer.Typer(name="rules", help="What sets must be: list, check.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(rules)


@rules.command("list")
def list_() -> None:
    """Show the rule files that come with Atelier."""
    from atelier.jobs.rules import list_rules

    rows = [
        (name, rules.name, " | ".join(" + ".join(shape.required) for shape in rules.shapes))
        for name, rules in list_rules().items()
    ]
    print_table(("rules", "name", "sets"), rows)


@rules.command()
def check(
    file: Annotated[str, typer.Argument(help="A rule file, or the name of ready-made rules.")],
    as_json: AsJson = False,
) -> None:
    """Check rules against the items at hand.

    Names contradictions, slots that no item fits, and values that no item has.
    """
    from atelier.jobs.rules import check as job

    report = job(open_settings(), file)
    if as_json:
        print_json(report.as_json())
    else:
        rows = [(slot.slot, slot.num_items, slot.emptied_by) for slot in report.slots]
        print_table(("slot", "items", "emptied by"), rows, title=f"{report.name}: {report.num_items} items")
        for shape in report.shapes:
            say(f"{'can be made' if shape.possible else 'CANNOT be made'}: {shape.shape}")
    for problem in report.problems:
        fail(problem)
    if report.problems:
        raise typer.Exit(1)
