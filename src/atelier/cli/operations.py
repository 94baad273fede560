"""Everything at once: `up` for all services of one machine, `demo` for the whole job on a simulated drop."""

from __future__ import annotations

from typing import Annotated

import typer

from atelier.cli.output import Quiet, open_settings, say

Port = Annotated[int, typer.Option(min=1, max=65535)]


def add_to(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(demo)


def up(prefect_port: Port = 4200, mlflow_port: Port = 5000) -> None:
    """Start all services here; Ctrl-C ends them.

    Prefect's server, MLflow's pages, a worker with the daily schedule, and serving.
    """
    from atelier.services.up import run

    run(open_settings(), prefect_port, mlflow_port, say)


def demo(
    items: Annotated[int, typer.Option(min=50, help="Products to simulate.")] = 500,
    seed: Annotated[int, typer.Option(help="Of the simulated drop.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Simulate a drop, retrain on it, and search; fails where the search does not find its item."""
    from atelier.cli.demo import run

    run(open_settings(), items, seed, quiet=quiet)
