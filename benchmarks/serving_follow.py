"""What a change of release costs those who are searching: latency and failures, steady and alternating.

    python benchmarks/serving_follow.py [--seconds 20] [--clients 4]

Needs a workspace (`ATELIER_HOME`) with at least two releases. Starts `atelier serve` on a free port, lets
clients search without a pause, first with one release and then with a change every two seconds, and prints
both. The release that was live is live again at the end. A failed request makes it exit with 1.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
import numpy as np

from atelier.release.store import list_releases, live, promote
from atelier.serving.loader import open_answerer
from atelier.settings import Settings

CHANGE_EVERY_SECONDS = 2.0


@dataclass
class Seen:
    """What the clients saw in one phase; appending to a list is safe from several threads."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    releases: Counter[str] = field(default_factory=Counter)

    def report(self, name: str, duration: float) -> str:
        p50, p95, p99 = 1000 * np.percentile(self.seconds, (50, 95, 99))
        return (
            f"{name:<9} {len(self.seconds) / duration:7.1f} requests/s   "
            f"p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   p99 {p99:6.1f} ms   "
            f"{len(self.releases)} releases answered   {len(self.failures)} failures"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of the two phases")
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args()
    settings = Settings(serve_port=_free_port())
    before = live(settings)
    others = [release for release in list_releases(settings) if release.release_id != before.release_id]
    if not others:
        sys.exit(f"{settings.releases_dir} holds one release; two are needed to change between them")
    answerer = open_answerer(settings, before)
    photo = answerer.reader.thumbnail(answerer.reader.item_ids[0]) or b""
    command = [str(Path(sys.executable).parent / "atelier"), "serve"]
    server = subprocess.Popen(command, env=_environment(settings), stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{settings.serve_port}"
        _wait_until_ready(url)
        steady = _run(url, photo, arguments.clients, arguments.seconds)
        changer = _Changer(settings, [others[0].release_id, before.release_id])
        changing = _run(url, photo, arguments.clients, arguments.seconds, changer)
    finally:
        promote(settings, before.release_id)
        server.terminate()
        server.wait()
    print(steady.report("steady", arguments.seconds))
    print(changing.report("changing", arguments.seconds))
    ratio = np.percentile(changing.seconds, 95) / np.percentile(steady.seconds, 95)
    print(f"p95 while releases change: {ratio:.2f} times the steady one, {changer.num_changes} changes")
    sys.exit(bool(steady.failures or changing.failures))


class _Changer:
    """Makes another release live every two seconds, from a thread of its own, as another process would."""

    def __init__(self, settings: Settings, release_ids: list[str]) -> None:
        self.num_changes = 0
        self._settings = settings
        self._release_ids = release_ids

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(CHANGE_EVERY_SECONDS):
            promote(self._settings, self._release_ids[self.num_changes % len(self._release_ids)])
            self.num_changes += 1


def _run(url: str, photo: bytes, num_clients: int, seconds: float, changer: _Changer | None = None) -> Seen:
    seen, stop = Seen(), threading.Event()
    threads = [threading.Thread(target=_search, args=(url, photo, seen, stop)) for _ in range(num_clients)]
    if changer is not None:
        threads.append(threading.Thread(target=changer.run, args=(stop,)))
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return seen


def _search(url: str, photo: bytes, seen: Seen, stop: threading.Event) -> None:
    with httpx.Client(base_url=url, timeout=30) as client:
        while not stop.is_set():
            started = time.perf_counter()
            try:
                answer = client.post("/v1/search", files={"photo": photo}).raise_for_status().json()
            except httpx.HTTPError as error:
                seen.failures.append(repr(error))
                continue
            seen.seconds.append(time.perf_counter() - started)
            seen.releases[answer["release"]] += 1


def _wait_until_ready(url: str, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    sys.exit(f"{url}/health was not ready within {seconds:.0f} s")


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "ATELIER_HOME": str(settings.home), "ATELIER_SERVE_PORT": str(settings.serve_port)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
