"""A small closed-loop load generator: each client sends its next photo when the last answer has come.

    python benchmarks/serving_load.py --port 8080 --photos DIR --clients 16 --seconds 5 [--rate 50]

Bare asyncio sockets with keep-alive and requests built beforehand, so that it costs a server's cores about a
tenth of a millisecond a request. `--rate` sends at a steady rate instead (open loop): latencies then count
from the moment a request was due. Prints one JSON object: requests, seconds, errors and latencies in
milliseconds. An answer that is not 200, or does not hold `--items` items, is an error.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

_BOUNDARY = "atelier-race"


@dataclass
class Load:
    """What the clients saw."""

    requests: int = 0
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)


def request_of(photo: bytes, path: str = "/v1/search") -> bytes:
    """A whole HTTP request that uploads one photo as the form field `photo`."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    body = head + photo + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def closed_loop(port: int, photos: list[bytes], num_clients: int, seconds: float, items: int) -> Load:
    """So many clients, each without a pause between its requests."""
    load, turns = Load(), itertools.cycle([request_of(photo) for photo in photos])
    started = time.perf_counter()
    await asyncio.gather(
        *(_client(port, turns, load, started, seconds, items) for _ in range(num_clients)),
    )
    load.seconds = time.perf_counter() - started
    return load


async def open_loop(port: int, photos: list[bytes], rate: float, seconds: float, items: int) -> Load:
    """`rate` requests a second, evenly spread, over as many connections as are needed."""
    load, turns = Load(), itertools.cycle([request_of(photo) for photo in photos])
    free: list[_Connection] = []

    async def one(due: float) -> None:
        connection = free.pop() if free else await _Connection.open(port)
        await _ask(connection, next(turns), load, due, items)
        free.append(connection)

    started, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due = started + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    load.seconds = time.perf_counter() - started
    for connection in free:
        connection.close()
    return load


class _Connection:
    """One keep-alive connection that speaks as much HTTP as is needed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> _Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return status and body of its answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        body = await self._reader.readexactly(int(fields[b"content-length"]))
        return int(head.split(b" ", 2)[1]), body

    def close(self) -> None:
        self._writer.close()


async def _client(
    port: int, turns: Iterator[bytes], load: Load, started: float, seconds: float, items: int
) -> None:
    connection = await _Connection.open(port)
    while time.perf_counter() - started < seconds:
        await _ask(connection, next(turns), load, time.perf_counter(), items)
    connection.close()


async def _ask(connection: _Connection, request: bytes, load: Load, due: float, items: int) -> None:
    status, body = await connection.ask(request)
    load.milliseconds.append(1000 * (time.perf_counter() - due))
    load.requests += 1
    if status != 200 or len(json.loads(body)["items"]) != items:
        load.errors.append(f"{status} {body[:200]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of pictures")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, help="requests a second, instead of a closed loop")
    parser.add_argument("--items", type=int, default=10, help="items that an answer holds")
    asked = parser.parse_args()
    photos = [path.read_bytes() for path in sorted(asked.photos.iterdir())]
    if asked.rate:
        loop = open_loop(asked.port, photos, asked.rate, asked.seconds, asked.items)
    else:
        loop = closed_loop(asked.port, photos, asked.clients, asked.seconds, asked.items)
    print(json.dumps(asdict(asyncio.run(loop))))


if __name__ == "__main__":
    main()
