"""Models: `train`, `retrain`, `evaluate retrieval` and `evaluate outfit`."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from atelier.cli.output import AsJson, open_settings, print_facts, print_json, print_table, progress_on_stderr

if TYPE_CHECKING:
    from atelier.jobs.retrieval.protocol import ProtocolScores
    from atelier.settings import Settings
    from flows.summary import Summary

evaluate = typer.Typer(
    name="evaluate", help="Score the live release on data of your own.", no_args_is_help=True
)
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
    app.add_typer(evaluate)


def train(preset: Preset = "small", as_json: AsJson = False) -> None:
    """Train detector, teacher and student; register nothing.

    `accelerate launch` runs it on several GPUs; `atelier retrain` then finds the finished runs.
    """
    from atelier.jobs.detection.train import train_detector
    from atelier.jobs.retrieval.distill import distill
    from atelier.jobs.retrieval.train import train as train_teacher

    settings = open_settings()
    with progress_on_stderr():  # Without the workspace's lock: every rank of a launch comes by here.
        detector = train_detector(settings, preset)
        teacher = train_teacher(settings, preset)
        student = distill(settings, preset, teacher)
    if as_json:
        print_json({"detector": asdict(detector), "teacher": asdict(teacher), "student": asdict(student)})
        return
    columns = {"detector": detector.metrics, "teacher": teacher.metrics, "student": student.metrics}
    names = sorted({name for metrics in columns.values() for name in metrics})
    rows = [(name, *(metrics.get(name) for metrics in columns.values())) for name in names]
    print_table(("metric", *columns), rows)


def retrain(
    preset: Preset = "small",
    drop: Annotated[
        Path | None, typer.Option(help="Ingest this folder first. Default: all in drops/.")
    ] = None,
    adopt: Annotated[
        Path | None, typer.Option(help="Take the model in this folder of train_pack instead of training.")
    ] = None,
    digest: Annotated[
        str | None, typer.Option(metavar="SHA256", help="The digest that train_pack printed, with --adopt.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole daily retraining once, here.

    New data in, a judged model, a release live; with nothing new, it says so and changes nothing.
    """
    summary = run_retraining(open_settings(), preset, drop, adopt, digest)
    print_json(summary) if as_json else print_summary(summary)


@evaluate.command("retrieval")
def evaluate_retrieval(
    data: Annotated[Path, typer.Option(help="A folder of known layouts that training never saw.")],
    protocol: Annotated[
        PublicSetName | None, typer.Option(help="Score by the protocol of this public set.")
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="With --protocol: this release. Default: the live one.")
    ] = None,
    boxes: Annotated[
        bool, typer.Option("--boxes/--no-boxes", help="With --protocol: frame by the set's boxes.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Score photo search on a folder.

    Category accuracy, and recall on the folder's own queries/ where it has them; or a public set's protocol.
    """
    settings = open_settings()
    if protocol is not None:
        from atelier.jobs.retrieval.protocol import evaluate_protocol

        with progress_on_stderr():
            scores = evaluate_protocol(settings, protocol.value, data, release_id=release, boxed=boxes)
        print_json(scores) if as_json else print_scores(scores)
        return
    if release is not None:
        raise typer.BadParameter(
            "only with --protocol; without it the live release is scored", param_hint="--release"
        )
    from atelier.jobs.retrieval.evaluate import evaluate as job

    with progress_on_stderr():
        metrics = job(settings, data)
    print_json(metrics) if as_json else print_table(("metric", "value"), sorted(metrics.items()))


@evaluate.command("outfit")
def evaluate_outfit(
    data: Annotated[Path, typer.Option(help="A folder of known layouts; sets trained on are left out.")],
    as_json: AsJson = False,
) -> None:
    """Score the outfit model on a folder of sets.

    Blanks filled and real sets told from made-up ones, for each kind of sets that the folder holds.
    """
    from atelier.jobs.outfit.evaluate import evaluate_outfits as job

    with progress_on_stderr():
        metrics = job(open_settings(), data)
    print_json(metrics) if as_json else print_table(("metric", "value"), sorted(metrics.items()))


def print_scores(scores: ProtocolScores) -> None:
    """Ours beside what others published, with the source of each figure."""
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
        print(f"  {source}")
    for line in scores.broken_lines:
        print(f"Not read: {line}")
    if scores.broken_pictures:
        print(f"{len(scores.broken_pictures):,} pictures could not be read and count as not found.")


def run_retraining(
    settings: Settings, preset: str, drop: Path | None, adopt: Path | None = None, digest: str | None = None
) -> Summary:
    """The flow of the daily schedule, in this process."""
    from atelier.services.prefect_api import prefect_api

    drop, adopt = (path.resolve() if path else None for path in (drop, adopt))
    with progress_on_stderr(), prefect_api(settings):
        from flows.retrain_daily import retrain_daily

        summary: Summary = retrain_daily(preset=preset, drop=drop, adopt=adopt, digest=digest)
    return summary


def print_summary(summary: Summary) -> None:
    """What happened, the verdict, the figures, and where to look."""
    print_table(("held-out data", "value"), sorted(summary.metrics.items()))
    print(f"{summary.headline}\nGate: {summary.verdict}")
    print_facts(summary.look_at)
