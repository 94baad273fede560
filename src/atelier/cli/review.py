"""Defines `review retrieval`, `review record` and `shadow report`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from atelier.cli.output import (
    AsJson,
    Quiet,
    open_settings,
    print_facts,
    print_json,
    print_table,
    progress_on_stderr,
    say,
)

review = typer.Typer(
    name="review", help="Let people judge two models' answers side by side.", no_args_is_help=True
)
shadow = typer.Typer(
    name="shadow", help="What a release that answers in shadow would have said.", no_args_is_help=True
)
Model = typer.Option(help="A version, an alias or a release's id. Default: see the reference.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(review)
    app.add_typer(shadow)


@review.command("retrieval")
def review_retrieval(
    champion: Annotated[str | None, Model] = None,
    challenger: Annotated[str | None, Model] = None,
    num_queries: Annotated[int, typer.Option(min=1, help="Searches to judge.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Of the sample, and of who is A and who is B.")] = 0,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make a page on which people judge champion and challenger, not knowing which is which."""
    from atelier.jobs.review.review import review as job

    with progress_on_stderr(quiet):
        made = job(open_settings(), champion, challenger, num_queries, seed)
    if as_json:
        print_json(made)
        return
    facts = asdict(made)
    figures = facts.pop("agreement")
    print_facts(facts)
    print_table(("agreement over all searches", "value"), list(figures.items()))


@review.command()
def record(
    file: Annotated[Path, typer.Argument(help="What the page of a review downloaded: JSON or CSV.")],
    as_json: AsJson = False,
) -> None:
    """Add a reviewer's judgments to the tables that evaluation reads."""
    from atelier.jobs.review.judgments import record as job

    with progress_on_stderr():
        report = job(open_settings(), file)
    if as_json:
        print_json(report)
        return
    counts = [
        (name, report.added[name], report.updated[name], report.unchanged[name], report.quarantined[name])
        for name in report.added
    ]
    print_table(("table", "added", "updated", "unchanged", "quarantined"), counts)
    print_table((f"review {report.review_id}", "value"), list(report.figures.items()))
    for reason in report.reasons:
        say(f"quarantined: {reason}")


@shadow.command("report")
def shadow_report(
    days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Report how the release in shadow agreed with the live one."""
    from atelier.serving.shadow_log import report

    settings = open_settings()
    pairs = report(settings.shadow_dir, days)
    if as_json:
        print_json(pairs)
        return
    for pair in pairs:
        facts = asdict(pair)
        least = facts.pop("least_alike")
        print_facts(facts)
        print_table(("least alike", "requests", "overlap"), least)
    if not pairs:
        say(f"Nothing was compared in the last {days} days; ATELIER_SHADOW_SHARE is {settings.shadow_share}.")
