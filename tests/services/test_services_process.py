"""A service is started, watched, and never outlives whoever started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from atelier.errors import ServiceError
from atelier.services.process import Service, answers, free_port, require_port, started, url_of


def web_server(tmp_path: Path, **changes: object) -> Service:
    """A harmless service: Python's own web server over an empty folder."""
    port = free_port()
    (tmp_path / "pages").mkdir(exist_ok=True)
    command = (
        "python",
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(tmp_path / "pages"),
        str(port),
    )
    values = {"command": command, "health_url": f"http://127.0.0.1:{port}/", "starts_within_seconds": 20.0}
    return Service(name="Pages", log_path=tmp_path / "logs" / "pages.log", **(values | changes))  # type: ignore[arg-type]


def test_a_service_answers_inside_the_block_and_is_gone_after_it(tmp_path: Path) -> None:
    service = web_server(tmp_path)
    with started(service) as running:
        running.check()
        assert answers(service.health_url)
        children = psutil.Process(running.process.pid).children(recursive=True)
    assert not answers(service.health_url)
    assert not any(child.is_running() for child in children)


def test_a_service_that_ends_at_once_is_named_with_its_last_words(tmp_path: Path) -> None:
    service = web_server(tmp_path, command=("python", "-c", "print('no more paper'); raise SystemExit(3)"))
    with (
        pytest.raises(ServiceError, match=r"Pages ended with exit code 3(.|\n)*no more paper"),
        started(service),
    ):
        pass


def test_a_service_that_never_answers_is_ended_and_named(tmp_path: Path) -> None:
    command = ("python", "-c", "import time; print('thinking', flush=True); time.sleep(60)")
    service = web_server(tmp_path, command=command, starts_within_seconds=1.0)
    with pytest.raises(ServiceError, match=r"did not answer at http://127(.|\n)*thinking"), started(service):
        pass


def test_a_service_gets_its_own_environment(tmp_path: Path) -> None:
    command = ("python", "-c", "import os; print(os.environ['COLOUR']); raise SystemExit(1)")
    service = web_server(tmp_path, command=command, environment={"COLOUR": "teal"})
    with pytest.raises(ServiceError, match="teal"), started(service):
        pass


def test_a_taken_port_is_named_with_the_way_to_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServiceError, match=r"port \d+ of 127.0.0.1 is taken .* --some-port"):
            require_port("127.0.0.1", taken.getsockname()[1], "--some-port")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
def test_an_ipv6_port_is_looked_at_by_itself() -> None:
    port = free_port()
    require_port("::1", port, "--some-port")
    with socket.socket(socket.AF_INET6) as taken:
        taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(("::1", port))
        taken.listen()
        with pytest.raises(ServiceError, match=rf"port {port} of ::1 is taken"):
            require_port("::1", port, "--some-port")
        require_port("127.0.0.1", port, "--some-port")


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "2001:db8::1", "no.such.host.invalid", "[::1]", "a..b", "x" * 300]
)
def test_what_is_no_address_of_this_machine_is_not_called_taken(host: str) -> None:
    with pytest.raises(ServiceError, match="Choose another: --some-host") as caught:
        require_port(host, free_port(), "--some-host")
    assert "is taken" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/x"),
        ("::1", "http://[::1]:80/x"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:80/x"),
        ("shop.example", "http://shop.example:80/x"),
        ("", "http://localhost:80/x"),
    ],
)
def test_the_address_of_a_service_has_brackets_where_they_belong(host: str, url: str) -> None:
    assert url_of(host, 80, "/x") == url


STARTER = """
import sys, time
from pathlib import Path
from atelier.services.process import Service, started
port, folder = sys.argv[1:]
command = ("python", "-m", "http.server", "--bind", "127.0.0.1", port)
with started(Service("Pages", command, f"http://127.0.0.1:{port}/", Path(folder) / "log")):
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("whole_group", [False, True])
def test_a_service_ends_when_its_starter_is_killed(tmp_path: Path, whole_group: bool) -> None:
    port = free_port()
    command = [sys.executable, "-c", STARTER, str(port), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "up\n"
        assert answers(f"http://127.0.0.1:{port}/")
        (os.killpg if whole_group else os.kill)(starter.pid, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while answers(f"http://127.0.0.1:{port}/") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not answers(f"http://127.0.0.1:{port}/")
