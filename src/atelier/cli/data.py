"""Data: `simulate`, `ingest`, and `data list | restore | verify`."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
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

data = typer.Typer(name="data", help="Accepted data versions: list, restore, verify.", no_args_is_help=True)
Version = Annotated[str, typer.Argument(help="A data version, or the beginning of one.")]


class TradeName(StrEnum):
    """The trades of the simulated world, named here so that `--help` loads no simulation."""

    FASHION = "fashion"
    BEDROOM = "bedroom"


def add_to(app: typer.Typer) -> None:
    app.command()(simulate)
    app.command()(ingest)
    app.add_typer(data)


def simulate(
    drop_dir: Annotated[Path, typer.Argument(help="Folder to write; made if it is not there.")],
    items: Annotated[int, typer.Option(min=1, help="Products to make.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same drop.")] = 0,
    trade: Annotated[TradeName, typer.Option(help="What the shops sell.")] = TradeName.FASHION,
    quiet: Quiet = False,
) -> None:
    """Generate a drop from a made-up world of fashion or of bedrooms.

    Its truth is known, and the same seed makes the same drop.
    """
    from atelier.jobs.data.simulate import simulate as job

    with progress_on_stderr(quiet):
        job(open_settings(), drop_dir, num_items=items, seed=seed, trade=trade.value)
    say(f"Made {drop_dir}. Next: atelier ingest {drop_dir}")


def ingest(
    drop_dir: Annotated[Path, typer.Argument(help="A folder in one or several known layouts.")],
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Check a drop and accept it as a new data version.

    Bad rows go to quarantine with the reason; too many stop it. Known content changes nothing.
    """
    from atelier.jobs.data.ingest import ingest as job
    from atelier.services import lock

    settings = open_settings()
    with progress_on_stderr(quiet), lock.hold(lock.workspace(settings), "atelier ingest"):
        report = job(settings, drop_dir, progress=True)
    print_json(report) if as_json else print_facts(dataclasses.asdict(report))


@data.command("list")
def list_versions(as_json: AsJson = False) -> None:
    """List the accepted data versions, newest first."""
    from atelier.jobs.data.versions import list_versions as job

    versions = list(reversed(job(open_settings())))
    if as_json:
        print_json(versions)
        return
    rows = [
        (
            version.digest[:12],
            version.created_at[:16],
            version.drop,
            version.counts.get("items", 0),
            version.num_bytes,
        )
        for version in versions
    ]
    print_table(("version", "created", "drop", "items", "bytes"), rows)


@data.command()
def restore(version: Version, quiet: Quiet = False) -> None:
    """Put data/ back to an accepted version."""
    from atelier.jobs.data.versions import restore_version as job
    from atelier.services import lock

    settings = open_settings()
    with progress_on_stderr(quiet), lock.hold(lock.workspace(settings), "atelier data restore"):
        restored = job(settings, version)
    say(f"{settings.data_dir} is at {restored.digest} again.")


@data.command()
def verify(version: Version, quiet: Quiet = False) -> None:
    """Hash every stored object of a version again.

    Names the first that is not what was stored.
    """
    from atelier.jobs.data.versions import verify_version as job

    with progress_on_stderr(quiet):
        found, num_objects = job(open_settings(), version)
    say(f"All {num_objects} objects of {found.digest} are as they were stored.")
