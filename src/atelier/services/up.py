"""All services of one machine: Prefect's server, MLflow's pages, the worker with its schedule, serving."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from atelier.errors import ServiceError
from atelier.services import lock, prefect_api
from atelier.services.process import Running, Service, free_port, launched, require_port, started, url_of
from atelier.settings import PROJECT_ROOT, Settings

WORK_POOL = "atelier"


def run(settings: Settings, prefect_port: int, mlflow_port: int, say: Callable[[str], None]) -> None:
    """Starts all, says where each answers, and ends all on Ctrl-C or SIGTERM.

    ServiceError: a port is taken, a service did not become healthy, or one ended by itself; all end then.
    """
    require_port("127.0.0.1", prefect_port, "atelier up --prefect-port")
    require_port("127.0.0.1", mlflow_port, "atelier up --mlflow-port")
    require_port(settings.serve_host, settings.serve_port, "ATELIER_SERVE_HOST, ATELIER_SERVE_PORT")
    # SIGINT too: a shell that starts us in the background hands it down ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    api_url = f"http://127.0.0.1:{prefect_port}/api"
    with ExitStack() as stack:
        addresses = {"prefect_api": api_url, "mlflow": f"http://127.0.0.1:{mlflow_port}"}
        stack.enter_context(lock.hold(prefect_api.up_lock(settings), "atelier up", **addresses))
        prefect_api.enter_environment(settings, api_url)
        try:
            running = _start_all(settings, prefect_port, mlflow_port, stack, say)
            say("All healthy. Ctrl-C ends them.")
            _watch(running)
        except KeyboardInterrupt:
            say("Ending all services ...")


def _start_all(
    settings: Settings, prefect_port: int, mlflow_port: int, stack: ExitStack, say: Callable[[str], None]
) -> list[Running]:
    """The worker last: it needs the server, and its runs find MLflow's database made."""
    services = {
        f"http://127.0.0.1:{prefect_port}": prefect_api.server(settings, prefect_port),
        f"http://127.0.0.1:{mlflow_port}": _mlflow(settings, mlflow_port),
        url_of(settings.serve_host, settings.serve_port): _serving(settings),
    }
    running = [stack.enter_context(launched(service)) for service in services.values()]
    for address, each in zip(services, running, strict=True):
        each.wait_until_healthy()
        say(f"{each.service.name:<16} {address}")
    apply_schedule(PROJECT_ROOT)
    running.append(stack.enter_context(started(worker(settings))))
    say(f"{'Worker':<16} work pool {WORK_POOL!r}, schedule of prefect.yaml")
    return running


def apply_schedule(project_dir: Path, pools: Sequence[str] = (WORK_POOL,)) -> None:
    """Makes the work pools and deploys `prefect.yaml` of `project_dir` to the server of the environment."""
    for pool in pools:
        _prefect("work-pool", "create", pool, "--type", "process", "--overwrite", cwd=project_dir)
    _prefect("--no-prompt", "deploy", "--all", cwd=project_dir)


def worker(settings: Settings, pool: str = WORK_POOL) -> Service:
    """Describe the worker, which takes scheduled runs from the work pool and runs them as processes."""
    port = free_port()
    return Service(
        name="Worker",
        command=tuple(f"prefect worker start --pool {pool} --type process --with-healthcheck".split()),
        health_url=f"http://127.0.0.1:{port}/health",
        log_path=settings.stores_dir / "logs" / f"worker-{pool}.log",
        environment={
            "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
            "PREFECT_WORKER_WEBSERVER_PORT": str(port),
        },
    )


def _mlflow(settings: Settings, port: int) -> Service:
    if settings.mlflow_uri.startswith("sqlite:///"):
        Path(settings.mlflow_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return Service(
        name="MLflow",
        command=(
            *f"mlflow server --host 127.0.0.1 --port {port} --workers 1".split(),
            *("--backend-store-uri", settings.mlflow_uri),
            *("--default-artifact-root", settings.mlflow_artifacts),
        ),
        health_url=f"http://127.0.0.1:{port}/health",
        log_path=settings.stores_dir / "logs" / "mlflow.log",
    )


def _serving(settings: Settings) -> Service:
    return Service(
        name="Serving",
        command=("atelier", "serve"),
        # Alive, not ready: before the first release there is nothing to answer with; it follows that one.
        health_url=url_of(settings.serve_host, settings.serve_port, "/health/live"),
        log_path=settings.stores_dir / "logs" / "serving.log",
    )


def _prefect(*arguments: str, cwd: Path) -> None:
    command = [str(Path(sys.executable).parent / "prefect"), *arguments]
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise ServiceError(
            f"`prefect {' '.join(arguments)}` in {cwd} ended with exit code {done.returncode}:\n"
            f"{done.stdout}{done.stderr}"
        )


def _watch(running: list[Running]) -> NoReturn:
    while True:
        for each in running:
            each.check()
        time.sleep(1)


def _interrupt(signum: int, frame: object) -> None:  # noqa: ARG001 - the signature of a handler
    raise KeyboardInterrupt
