"""Finds this workspace's Prefect API, and sets the environment that Prefect reads when it is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atelier import telemetry
from atelier.services import lock
from atelier.services.process import Service, free_port, started
from atelier.settings import Settings


def up_lock(settings: Settings) -> Path:
    """Return the lock that `atelier up` holds as long as its services run."""
    return settings.stores_dir / "up.lock"


def addresses(settings: Settings) -> dict[str, str]:
    """Read the addresses of the services of `atelier up` (`prefect_api`, `mlflow`); empty while it does not
    run.
    """
    return lock.held_by(up_lock(settings)) or {}


@contextmanager
def prefect_api(settings: Settings) -> Iterator[str]:
    """Yield the API's address: that of `atelier up` while it runs, otherwise of a server for this block
    alone.

    Enter it before Prefect is imported: Prefect reads its environment then. Our own server instead of
    Prefect's ephemeral one, because it is ready sooner and ends with this process, even after `kill -9`.
    """
    # Prefect's lines would repeat the project's, and its tracebacks bury errors that explain themselves.
    os.environ.update({"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"})
    up = addresses(settings)
    if "prefect_api" in up:
        enter_environment(settings, up["prefect_api"])
        yield up["prefect_api"]
        return
    port = free_port()
    api_url = f"http://127.0.0.1:{port}/api"
    enter_environment(settings, api_url)
    # No scheduler: without a worker, its runs would only pile up as late.
    with started(server(settings, port, "--no-ui", "--no-scheduler", "--no-late-runs")):
        try:
            yield api_url
        finally:
            _send_remaining_logs()


def server(settings: Settings, port: int, *options: str) -> Service:
    """Describe Prefect's server on `port` of this machine alone: it has no authentication of its own."""
    return Service(
        name="Prefect server",
        command=(
            *f"prefect server start --host 127.0.0.1 --port {port} --analytics-off".split(),
            *options,
        ),
        health_url=f"http://127.0.0.1:{port}/api/health",
        log_path=settings.stores_dir / "logs" / "prefect-server.log",
    )


def enter_environment(settings: Settings, api_url: str) -> None:
    """Set, for this process and its children, where Prefect keeps its state and that it reports nothing."""
    os.environ.update(environment(settings, api_url))


def _send_remaining_logs() -> None:
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()


def environment(settings: Settings, api_url: str) -> dict[str, str]:
    """Return Prefect's variables for this workspace."""
    return {
        "ATELIER_HOME": str(settings.home),
        "PREFECT_HOME": str(settings.stores_dir / "prefect"),
        "PREFECT_API_URL": api_url,
        **telemetry.VARIABLES,
        # On disk, so that a server started after a crash still knows whose slots to free.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "atelier",
        # Long commands speak around their flow, too; only lines within a flow have a page to stand on.
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }
