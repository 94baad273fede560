"""Defines `train`, `retrain` and `evaluate`."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from atelier.cli.family_option import DEFAULT_FAMILY, FamilyOption, known, split_family
from atelier.cli.output import (
    AsJson,
    Quiet,
    open_settings,
    print_facts,
    print_json,
    print_line,
    print_table,
    progress_on_stderr,
    say,
    utf8_path,
)
from atelier.errors import PartFailedError, TooLittleDataError, TrainingError

if TYPE_CHECKING:
    from atelier.jobs.retrieval.protocol import ProtocolScores
    from atelier.lifecycle.family import TrainOutcome
    from atelier.settings import Settings
    from flows.summary import Summary

Preset = Annotated[
    str, typer.Option(help="debug, demo, small or base; their docstrings say what each costs.")
]


class PublicSetName(StrEnum):
    """The names in `datasets.public_sets`, written out so that `--help` need not load them."""

    IN_SHOP = "in-shop"
    CONSUMER_TO_SHOP = "consumer-to-shop"
    SOP = "sop"


def add_to(app: typer.Typer) -> None:
    app.command()(train)
    app.command()(retrain)
    app.command()(evaluate)


def train(
    preset: Preset = "small",
    family: Annotated[
        str | None,
        typer.Option(
            callback=known,
            metavar="FAMILY",
            help="Train this family alone. Default: every one that the data can teach.",
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train the networks of one family or of all; register nothing.

    `accelerate launch` runs it on several GPUs; `atelier retrain` then finds the finished runs.
    """
    from atelier.jobs.families import FAMILIES
    from atelier.lifecycle.context import open_context
    from atelier.lifecycle.family import family_named
    from atelier.lifecycle.runs import train_family

    settings = open_settings()
    chosen = FAMILIES if family is None else (family_named(FAMILIES, family),)
    trained: dict[str, dict[str, TrainOutcome]] = {}
    with progress_on_stderr(quiet):  # Without the workspace's lock: every rank of a launch comes by here.
        for each in chosen:
            with open_context(settings, each.preset(preset)) as context:
                missing = each.why_unavailable(context)
            if missing is None:
                trained[each.name] = train_family(settings, each, preset)
            elif family is not None:
                raise TooLittleDataError(f"{each.name} cannot be trained: {missing}")
            else:
                say(f"{each.name} is skipped: {missing}")
    if as_json:
        print_json(
            {name: {role: asdict(run) for role, run in runs.items()} for name, runs in trained.items()}
        )
        return
    for name, runs in trained.items():
        names = sorted({metric for run in runs.values() for metric in run.metrics})
        rows = [(metric, *(run.metrics.get(metric) for run in runs.values())) for metric in names]
        print_table((name, *runs), rows)


def retrain(
    preset: Preset = "small",
    drop: Annotated[
        Path | None,
        typer.Option(callback=utf8_path, help="Ingest this folder first. Default: all in drops/."),
    ] = None,
    adopt: Annotated[
        Path | None,
        typer.Option(
            callback=utf8_path, help="Take the model in this folder of train_pack instead of training."
        ),
    ] = None,
    digest: Annotated[
        str | None, typer.Option(metavar="SHA256", help="The digest that train_pack printed, with --adopt.")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole daily retraining once, here.

    New data in, a judged model, a release live; with nothing new, it says so and changes nothing.
    """
    try:
        summary, failure = run_retraining(open_settings(), preset, drop, adopt, digest, quiet=quiet), None
    except PartFailedError as error:
        summary, failure = cast("Summary", error.summary), error
    print_json(summary) if as_json else print_summary(summary)
    if failure is not None:
        raise failure


def evaluate(
    data: Annotated[Path, typer.Option(help="A folder of known layouts that training never saw.")],
    first: Annotated[
        str | None, typer.Argument(metavar="[FAMILY]", help="The family; retrieval by default.")
    ] = None,
    family: FamilyOption = None,
    protocol: Annotated[
        PublicSetName | None, typer.Option(help="Retrieval: score by the protocol of this public set.")
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="With --protocol: this release. Default: the live one.")
    ] = None,
    boxes: Annotated[
        bool, typer.Option("--boxes/--no-boxes", help="With --protocol: frame by the set's boxes.")
    ] = True,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Score a family of the live release on a folder of your own.

    Photo search: category accuracy, and recall on the folder's own queries/. Outfits: blanks filled, and real
    sets distinguished from made-up ones. Detection: boxes of labelled photos.
    """
    from atelier.jobs.families import FAMILIES
    from atelier.lifecycle.family import family_named

    name, _ = split_family([first] if first else [], family, num_others=0)
    settings = open_settings()
    if protocol is not None:
        if name != DEFAULT_FAMILY:
            raise typer.BadParameter("only of retrieval", param_hint="--protocol")
        from atelier.jobs.retrieval.protocol import evaluate_protocol

        with progress_on_stderr(quiet):
            scores = evaluate_protocol(settings, protocol.value, data, release_id=release, boxed=boxes)
        print_json(scores) if as_json else print_scores(scores)
        return
    if release is not None:
        raise typer.BadParameter(
            "only with --protocol; without it the live release is scored", param_hint="--release"
        )
    job = family_named(FAMILIES, name).evaluate
    if job is None:
        raise TrainingError(
            f"{name} cannot be scored on a folder; its figures are those of its examination in MLflow"
        )
    with progress_on_stderr(quiet):
        metrics = job(settings, data)
    print_json(metrics) if as_json else print_table(("metric", "value"), sorted(metrics.items()))


def print_scores(scores: ProtocolScores) -> None:
    """Print the release's figures beside published ones, with the source of each."""
    headings = [
        f"{each.model}, {'trained' if each.trained_on_the_set else 'not trained'} on this set"
        for each in scores.published
    ]
    rows = [
        (name, value, *(each.figures.get(name) for each in scores.published))
        for name, value in scores.metrics.items()
    ]
    print_table(
        ("metric", "this release", *headings), rows, f"{scores.protocol}, release {scores.release_id}"
    )
    if scores.published:
        print("The other columns were published by others, on whole pictures; they were not measured here:")
    for source in dict.fromkeys(each.source for each in scores.published):
        print_line(f"  {source}")
    for line in scores.broken_lines:
        print_line(f"Not read: {line}")
    if scores.broken_pictures:
        print(f"{len(scores.broken_pictures):,} pictures could not be read and count as not found.")


def run_retraining(
    settings: Settings,
    preset: str,
    drop: Path | None,
    adopt: Path | None = None,
    digest: str | None = None,
    *,
    quiet: bool = False,
) -> Summary:
    """Run the flow of the daily schedule in this process."""
    from atelier.services.prefect_api import prefect_api

    drop, adopt = (path.resolve() if path else None for path in (drop, adopt))
    with progress_on_stderr(quiet), prefect_api(settings):
        from flows.retrain_daily import retrain_daily

        summary: Summary = retrain_daily(preset=preset, drop=drop, adopt=adopt, digest=digest)
    return summary


def print_summary(summary: Summary) -> None:
    """Print what happened, the verdict, the figures, and where to look."""
    print_table(("held-out data", "value"), sorted(summary.metrics.items()))
    print_line(f"{summary.headline}\nGate: {summary.verdict}")
    print_facts(summary.look_at)
