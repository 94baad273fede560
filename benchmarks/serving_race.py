"""Photo search over HTTP: our live release beside the plain stack, on the same machine, cores and photos.

    python benchmarks/serving_race.py [--seconds 5] [--json]

Needs a workspace (`ATELIER_HOME`) with a live release. The plain stack is `serving_plain.py`: FastAPI,
ResNet-50 in eager PyTorch at 224 pixels, FAISS IndexFlatIP over as many items. Each server runs alone, is
warmed up, and answers the same photos in a closed loop of 1 to 32 clients (`serving_load.py`, a process of
its own on the same cores). Then ours is asked at half of the top load: half of its best rate, evenly spread
(`p99_ms`). `p99_half_clients_ms` is that of 16 clients in the closed loop, who keep it busy all the time.

The photos: street photos made of held-out products as phones send them (1200x1600, JPEG 85, about 300 kB), in
turns with real user photos (clothing_cc0, 400 pixels wide) where `--real-data` has them, else with the same
street photos at 400 pixels. Exits with 1 after an error or a missed bar.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from atelier.errors import ReleaseError
from atelier.release.store import live
from atelier.settings import Settings
from atelier.simulate.shopper_photo import TYPICAL_DEGRADATION, cut_out, render_street

HERE = Path(__file__).parent
CLIENTS = (1, 2, 4, 8, 16, 32)
NUM_PHOTOS = 32
"""Of each of the two kinds."""
MIN_RATIO, MAX_P99_MS = 6.0, 150.0


@dataclass(frozen=True)
class Point:
    """One load, one server."""

    server: str
    clients: int
    rate: float
    """Answered requests a second."""
    p50_ms: float
    p99_ms: float
    errors: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of each point")
    parser.add_argument("--real-data", type=Path, default=HERE.parents[1] / "shared" / "data" / "fashion")
    parser.add_argument("--json", action="store_true", help="print one flat object")
    asked = parser.parse_args()
    settings = Settings(serve_port=_free_port())
    try:
        release = live(settings)
    except ReleaseError as error:
        sys.exit(f"{error} The race needs a live release.")
    with TemporaryDirectory() as folder:
        photos, kinds = Path(folder), write_photos(Path(folder), asked.real_data)
        with our_server(settings):
            port = settings.serve_port
            ours = [_point("ours", port, photos, asked.seconds, num) for num in CLIENTS]
            top = max(ours, key=lambda point: point.rate)
            half = _point("ours, half rate", port, photos, asked.seconds, 0, rate=top.rate / 2)
        with plain_server(release.index.rows) as port:
            plain = [_point("plain", port, photos, asked.seconds, num) for num in CLIENTS]
    result = summary(ours, half, plain)
    if asked.json:
        print(json.dumps(result))
    else:
        print(table([*ours, half, *plain], kinds, release.index.rows, result))
    is_met = result["ratio_throughput"] >= MIN_RATIO and result["p99_ms"] <= MAX_P99_MS
    sys.exit(not (is_met and result["errors"] == 0))


def summary(ours: list[Point], half: Point, plain: list[Point]) -> dict[str, float]:
    """The race as one flat object."""
    best, best_plain = (max(points, key=lambda point: point.rate) for points in (ours, plain))
    half_clients = next(point for point in ours if point.clients == CLIENTS[-1] // 2)
    return {
        "ratio_throughput": round(best.rate / best_plain.rate, 2),
        "p99_ms": round(half.p99_ms, 1),
        "p99_half_clients_ms": round(half_clients.p99_ms, 1),
        "errors": sum(len(point.errors) for point in (*ours, half, *plain)),
        "requests_per_second": round(best.rate, 1),
        "plain_requests_per_second": round(best_plain.rate, 1),
        "one_client_p50_ms": round(ours[0].p50_ms, 1),
        "plain_one_client_p50_ms": round(plain[0].p50_ms, 1),
        "cores": len(os.sched_getaffinity(0)),
    }


def table(points: list[Point], kinds: str, num_items: int, result: dict[str, float]) -> str:
    """The race for a reader."""
    lines = [f"{num_items:,} items, {result['cores']} cores; photos: {kinds}", ""]
    lines.append(f"{'':<18}{'clients':>8}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}")
    for point in points:
        clients = str(point.clients or "paced")
        lines.append(
            f"{point.server:<18}{clients:>8}{point.rate:>12.1f}{point.p50_ms:>9.1f}{point.p99_ms:>9.1f}"
            f"{len(point.errors):>8}"
        )
        lines += [f"    {error}" for error in point.errors[:2]]
    lines += [
        "",
        f"throughput {result['ratio_throughput']} times the plain stack's (at least {MIN_RATIO:g})",
        f"p99 at half of the best rate {result['p99_ms']} ms (at most {MAX_P99_MS:g}), with half of the "
        f"clients {result['p99_half_clients_ms']} ms",
    ]
    return "\n".join(lines)


def write_photos(folder: Path, real_data: Path) -> str:
    """Write the photos, in the order in which they are sent, and say in words what they are."""
    phones = list(_phone_photos())
    archive = real_data / "clothing_cc0" / "images.zip"
    if archive.is_file():
        with zipfile.ZipFile(archive) as real:
            others = [real.read(name) for name in sorted(real.namelist())[:NUM_PHOTOS]]
        kinds = "1200x1600 synthetic street photos, in turns with real user photos 400 pixels wide"
    else:
        others = [_jpeg(Image.open(io.BytesIO(phone)).resize((400, 533))) for phone in phones]
        kinds = "1200x1600 synthetic street photos, in turns with the same at 400x533"
    for number, (phone, other) in enumerate(zip(phones, others, strict=True)):
        (folder / f"{number:03}-a.jpg").write_bytes(phone)
        (folder / f"{number:03}-b.jpg").write_bytes(other)
    return kinds


def _phone_photos() -> Iterator[bytes]:
    """Catalogue pictures of the live index as shoppers would photograph them, enlarged to a phone's size."""
    from atelier.serving.loader import open_answerer

    settings = Settings()
    reader = open_answerer(settings, live(settings)).reader
    rng = np.random.default_rng(0)
    chosen = rng.choice(reader.item_ids, 2 * NUM_PHOTOS, replace=False)
    pictures = [
        np.asarray(Image.open(io.BytesIO(reader.thumbnail(item) or b"")).convert("RGB")) for item in chosen
    ]
    for picture, clutter in zip(pictures[:NUM_PHOTOS], pictures[NUM_PHOTOS:], strict=True):
        background = np.asarray(Image.fromarray(clutter).resize((400, 533)))
        pixels, _ = render_street(cut_out(picture), background, rng, TYPICAL_DEGRADATION)
        large = np.asarray(Image.fromarray(pixels).resize((1200, 1600), Image.Resampling.BICUBIC), np.float32)
        grain = rng.normal(0, 4, (1600, 1200, 1))  # a sensor's, without which the file would be far too small
        yield _jpeg(Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8)))


def _jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return stream.getvalue()


@contextmanager
def our_server(settings: Settings) -> Iterator[None]:
    """`atelier serve`, as a user starts it."""
    environment = {"ATELIER_HOME": str(settings.home), "ATELIER_SERVE_PORT": str(settings.serve_port)}
    with _running([sys.executable, "-m", "atelier.cli", "serve"], settings.serve_port, environment):
        yield


@contextmanager
def plain_server(num_items: int) -> Iterator[int]:
    """The plain stack; gives its port."""
    port = _free_port()
    command = [sys.executable, str(HERE / "serving_plain.py"), "--port", str(port), "--items", str(num_items)]
    with _running(command, port, {}):
        yield port


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/health", server)
            yield
        finally:
            server.terminate()


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], seconds: float = 180.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"{url} was not ready within {seconds:.0f} s; the server's log is above")


def _point(
    server: str, port: int, photos: Path, seconds: float, clients: int, rate: float | None = None
) -> Point:
    """One measurement, after a second that does not count."""
    how = ["--rate", str(rate)] if rate else ["--clients", str(clients)]
    _load(port, photos, 1.0, how)
    seen = _load(port, photos, seconds, how)
    p50, p99 = np.percentile(seen["milliseconds"], (50, 99))
    return Point(server, clients, seen["requests"] / seen["seconds"], float(p50), float(p99), seen["errors"])


def _load(port: int, photos: Path, seconds: float, how: list[str]) -> Any:
    command = [sys.executable, str(HERE / "serving_load.py"), "--port", str(port), "--photos", str(photos)]
    done = subprocess.run(
        [*command, "--seconds", str(seconds), *how], stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
