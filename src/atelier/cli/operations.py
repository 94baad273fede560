"""Everything at once: `up` for all services of one machine, `demo` for the whole job on a simulated drop."""

from __future__ import annotations

from typing import Annotated

import typer

from atelier.cli.output import AsJson, Quiet, open_settings, print_json, print_table, say

Port = Annotated[int, typer.Option(min=1, max=65535)]


def add_to(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(doctor)
    app.command()(demo)


def up(prefect_port: Port = 4200, mlflow_port: Port = 5000) -> None:
    """Start all services here; Ctrl-C ends them.

    Prefect's server, MLflow's pages, a worker with the daily schedule, and serving.
    """
    from atelier.jobs.doctor import mend
    from atelier.services.up import run

    settings = open_settings()
    mend(settings)  # MLflow's own pages would show a moved workspace's runs without their files
    run(settings, prefect_port, mlflow_port, say)


def doctor(as_json: AsJson = False) -> None:
    """Look at the workspace from top to bottom; exit code 1 where something is wrong.

    Folders, data, stores, live release, own templates and rules, fonts. Changes nothing.
    """
    from atelier.jobs.doctor import WRONG, examine

    findings = examine(open_settings())
    if as_json:
        print_json(findings)
    else:
        print_table(
            ("what", "status", "detail"), [(each.what, each.status, each.detail) for each in findings]
        )
    if any(each.status == WRONG for each in findings):
        raise typer.Exit(1)


def demo(
    items: Annotated[int, typer.Option(min=50, help="Products to simulate.")] = 500,
    seed: Annotated[int, typer.Option(help="Of the simulated drop.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Simulate a drop, retrain on it, and search; fails where the search does not find its item."""
    from atelier.cli.demo import run

    run(open_settings(), items, seed, quiet=quiet)
