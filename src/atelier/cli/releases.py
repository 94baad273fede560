"""Releases: `publish`, `withdraw`, `release list | show | rollback | diff`, and `collect`."""

from __future__ import annotations

import dataclasses
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

release = typer.Typer(
    name="release", help="What goes out together: list, show, roll back, diff.", no_args_is_help=True
)
ReleaseId = Annotated[str, typer.Argument(help="A release's id.")]


def add_to(app: typer.Typer) -> None:
    app.command()(publish)
    app.command()(withdraw)
    app.add_typer(release)
    app.command()(collect)


def publish(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Write the whole index anew, for one that was damaged.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make the champion and the current data live.

    Only what changed is embedded and written; with nothing new, nothing is done.
    """
    from atelier.jobs.release.publish import publish as job
    from atelier.services import lock

    settings = open_settings()
    with progress_on_stderr(quiet), lock.hold(lock.workspace(settings), "atelier publish"):
        published = job(settings, rebuild=rebuild)
    print_json(published) if as_json else print_facts(dataclasses.asdict(published))


def withdraw(
    item_ids: Annotated[list[str], typer.Argument(metavar="ITEM_ID...", help="Ids of items.")],
    reason: Annotated[str, typer.Option(help="Why; it stays on record.")],
    reinstate: Annotated[
        bool, typer.Option("--reinstate", help="Let them back, with the next publication.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take items out of the answers at once, and keep them out.

    Makes a release without them; serving follows without a restart.
    """
    from atelier.jobs.release import withdraw as job

    settings = open_settings()
    with progress_on_stderr():  # Without the workspace's lock: a retraining under way must not delay it.
        done = (job.reinstate if reinstate else job.withdraw)(settings, item_ids, reason)
    print_json(done) if as_json else print_facts(dataclasses.asdict(done))


@release.command("list")
def list_releases(as_json: AsJson = False) -> None:
    """List the releases, newest first; the live one is marked."""
    from atelier.release import store

    settings = open_settings()
    releases, live_id = store.list_releases(settings), store.live_id(settings)
    if as_json:
        print_json([{**dataclasses.asdict(each), "live": each.release_id == live_id} for each in releases])
        return
    rows = [
        (
            "live" if each.release_id == live_id else "",
            each.release_id,
            each.created_at[:16],
            each.data_version[:12],
            each.note,
        )
        for each in releases
    ]
    print_table(("", "release", "created", "data version", "note"), rows)


@release.command()
def show(release_id: Annotated[str | None, typer.Argument(help="Default: the live one.")] = None) -> None:
    """Print a release's manifest as JSON."""
    from atelier.release import store

    settings = open_settings()
    print_json(store.show(settings, release_id) if release_id else store.live(settings))


@release.command()
def stage(
    model: Annotated[str, typer.Argument(help="A version or an alias.")] = "candidate",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make a release of a model that is not live yet, for a shadow; nobody is served by it."""
    from atelier.jobs.release.publish import publish
    from atelier.services import lock

    settings = open_settings()
    with progress_on_stderr(quiet), lock.hold(lock.workspace(settings), "atelier release stage"):
        staged = publish(settings, model=model, go_live=False)
    print_json(staged) if as_json else print_facts(dataclasses.asdict(staged))


@release.command()
def rollback(
    release_id: Annotated[str | None, typer.Argument(help="Default: the one before the live one.")] = None,
) -> None:
    """Make an earlier release live, in one step; serving follows without a restart."""
    from atelier.jobs.release.withdraw import rollback as job

    with progress_on_stderr():
        present = job(open_settings(), release_id)
    say(f"Release {present.release_id} is live.")


@release.command()
def diff(old: ReleaseId, new: ReleaseId, as_json: AsJson = False) -> None:
    """Print the differences between two releases."""
    from atelier.release import store

    settings = open_settings()
    changes = store.diff(settings, store.show(settings, old), store.show(settings, new))
    if as_json:
        print_json(changes)
        return
    print_table(("what", old, new), [(each.what, each.before, each.after) for each in changes])


def collect(quiet: Quiet = False, as_json: AsJson = False) -> None:
    """Delete everything that the retention rule no longer keeps."""
    from atelier.jobs.release.collect import collect as job
    from atelier.services import lock

    settings = open_settings()
    with progress_on_stderr(quiet), lock.hold(lock.workspace(settings), "atelier collect"):
        collected = job(settings)
    print_json(collected) if as_json else print_facts(dataclasses.asdict(collected))
