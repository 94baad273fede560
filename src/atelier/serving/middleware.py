"""Around every request: a bound on its body, HEAD as GET, an id, a count, and one line in the access log."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from dataclasses import dataclass

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from atelier.serving.metrics import Metrics

access_log = logging.getLogger("atelier.access")

_FORM_OVERHEAD = 64_000
"""Bytes of a multipart body that are not the photo: boundaries, headers, the other fields."""
_DRAIN_FACTOR = 4
"""An oversized body is read on and thrown away up to this multiple of the limit, since a client that is cut
off while it sends often never sees the answer."""
_REQUEST_ID = re.compile(r"[\w.-]{1,64}")


class UploadLimit:
    """Refuses a body larger than a photo may be while it streams in: 413, and never the whole in memory."""

    def __init__(self, app: ASGIApp, max_upload_bytes: int) -> None:
        self._app = app
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        declared = Headers(scope=scope).get("content-length", "")
        body = _BoundedBody(receive, self._max_upload_bytes, int(declared) if declared.isdecimal() else 0)
        return await self._app(scope, body.receive, send)


@dataclass
class _BoundedBody:
    inner: Receive
    max_upload_bytes: int
    declared: int
    seen: int = 0

    async def receive(self) -> Message:
        message = await self.inner()
        self.seen += len(message.get("body", b""))
        if max(self.seen, self.declared) <= self.max_upload_bytes + _FORM_OVERHEAD:
            return message
        await self._drain(message)
        raise HTTPException(
            413,
            f"photo: expected at most {self.max_upload_bytes:,} bytes, got more. Shrink it first.",
        )

    async def _drain(self, message: Message) -> None:
        while message.get("more_body") and self.seen <= _DRAIN_FACTOR * self.max_upload_bytes:
            message = await self.inner()
            self.seen += len(message.get("body", b""))


class Observed:
    """Gives each request an id (its own `X-Request-ID`, if that is a plain one), counts it, and logs it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500  # what the outermost handler will say if no response has begun

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._record(scope, request_id, status, time.perf_counter() - started)

    def _record(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = getattr(
            scope.get("route"), "path", "unmatched"
        )  # the pattern: item ids would be endless labels
        self._metrics.observe_request(route, scope["method"], status, seconds)
        access_log.info(
            json.dumps(
                {
                    "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    "request_id": request_id,
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": round(1000 * seconds, 2),
                    "client": scope["client"][0] if scope.get("client") else None,
                }
            )
        )


class HeadAsGet:
    """Answers HEAD as GET without the body, on every address that can be got: routes, pages and static files.

    A route whose GET leaves a trace asks `is_head` and leaves none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["method"] != "HEAD":
            return await self._app(scope, receive, _allowing_head(send))
        scope.setdefault("state", {})["is_head"] = True
        inner = {**scope, "method": "GET"}  # The server goes by its own scope: it expects no body.
        try:
            await self._app(inner, receive, _without_body(_allowing_head(send)))
        finally:
            scope.update({name: inner[name] for name in ("route", "endpoint") if name in inner})


def is_head(request: Request) -> bool:
    """Check whether a route that answers GET was asked by HEAD."""
    return bool(getattr(request.state, "is_head", False))


def _without_body(send: Send) -> Send:
    """Keep the headers, the length among them, and drop every byte behind them."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        elif message["type"] == "http.response.pathsend":
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return send_head


def _allowing_head(send: Send) -> Send:
    """A 405 that allows GET allows HEAD too."""

    async def send_allowing(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 405:
            headers = MutableHeaders(scope=message)
            allowed = [name.strip() for name in headers.get("allow", "").split(",")]
            if "GET" in allowed and "HEAD" not in allowed:
                headers["allow"] = ", ".join([*allowed, "HEAD"])
        await send(message)

    return send_allowing


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
