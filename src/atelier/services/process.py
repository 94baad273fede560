"""Runs one local service: a command with a log and, where it has one, an address for health checks."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atelier.errors import ServiceError


@dataclass(frozen=True)
class Service:
    """A command, and the health check of its process."""

    name: str
    command: tuple[str, ...]
    """The first word is a command of this environment (`prefect`) or a path."""
    health_url: str
    log_path: Path
    healthy_statuses: tuple[int, ...] = (200,)
    starts_within_seconds: float = 240.0
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of this process."""


@dataclass(frozen=True)
class Running:
    """A started service."""

    service: Service
    process: subprocess.Popen[bytes]

    def check(self) -> None:
        """Check that the process runs. ServiceError: it has ended."""
        code = self.process.poll()
        if code is not None:
            raise ServiceError(
                f"{self.service.name} ended with exit code {code}, but should run on. Its last words:\n"
                f"{_tail(self.service.log_path)}\nAll of them: {self.service.log_path}"
            )

    def wait_until_healthy(self) -> None:
        """Wait until the service is healthy. ServiceError: it ends instead, or takes too long."""
        service = self.service
        deadline = time.monotonic() + service.starts_within_seconds
        while not answers(service.health_url, service.healthy_statuses):
            self.check()
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"{service.name} did not answer at {service.health_url} within "
                    f"{service.starts_within_seconds:.0f} s. Its last words:\n{_tail(service.log_path)}\n"
                    f"All of them: {service.log_path}"
                )
            time.sleep(0.1)


@contextmanager
def started(service: Service) -> Iterator[Running]:
    """Starts the service, waits until it is healthy, and ends it after the block or with this process."""
    with launched(service) as running:
        running.wait_until_healthy()
        yield running


@contextmanager
def launched(service: Service) -> Iterator[Running]:
    """Starts the service without waiting for it, and ends it after the block or with this process."""
    variables = [f"{name}={value}" for name, value in service.environment.items()]
    tether = [sys.executable, "-m", "atelier.services.tether", str(os.getpid())]
    service.log_path.parent.mkdir(parents=True, exist_ok=True)
    with service.log_path.open("wb") as log:
        process = subprocess.Popen(
            [*tether, "env", *variables, *_resolved(service.command)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Running(service, process)
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Find a port of this machine that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def require_port(host: str, port: int, option: str) -> None:
    """Require that `port` is free. ServiceError: it is not; `option` is how the caller can change it.

    ServiceError: somebody listens there already, or this machine has no such address; `option` is how the
    caller can change it.
    """
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ServiceError(
            f"{host!r} is no address of this machine ({error}); expected one as 127.0.0.1 or ::1, or a name. "
            f"Choose another: {option}."
        ) from error
    refusals = [_refusal(family, address) for family, _, _, _, address in places]
    for refused in refusals:
        if refused is not None and refused.errno == errno.EADDRINUSE:
            raise ServiceError(
                f"port {port} of {host} is taken ({refused.strerror}). "
                f"End what listens there, or choose another: {option}."
            ) from refused
    if refusals and refusals[0] is not None and all(refusals):  # A name may have addresses that are not up.
        raise ServiceError(
            f"port {port} of {host} cannot be listened on ({refusals[0].strerror}). Choose another: {option}."
        ) from refusals[0]


def _refusal(family: int, address: tuple[Any, ...]) -> OSError | None:
    """Why a server could not listen there; None: it could."""
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # As the server itself binds it.
            probe.bind(address)
    except OSError as error:
        return error
    return None


def url_of(host: str, port: int, path: str = "") -> str:
    """Return the HTTP address of a service; an IPv6 address stands in brackets."""
    if not host:
        host = "localhost"
    elif ":" in host:
        host = f"[{host.replace('%', '%25')}]"
    return f"http://{host}:{port}{path}"


def answers(url: str, statuses: tuple[int, ...] = (200,)) -> bool:
    """Test whether a GET of `url` is answered, within two seconds, with one of `statuses`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # A proxy never sees this machine.
    try:
        with opener.open(url, timeout=2) as response:
            return response.status in statuses
    except urllib.error.HTTPError as error:
        return error.code in statuses
    except OSError:
        return False


def _resolved(command: tuple[str, ...]) -> list[str]:
    """Commands are those installed beside this Python, whatever PATH says."""
    beside = Path(sys.executable).parent / command[0]
    return [str(beside) if beside.exists() else command[0], *command[1:]]


def _tail(path: Path, num_lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-num_lines:]) or "(nothing)"
