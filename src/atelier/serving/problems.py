"""Returns errors as JSON problems (RFC 9457): a bad request gets a 4xx whose `detail` explains what to
change.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from atelier.errors import (
    CollageError,
    FeedLogError,
    NoReleaseError,
    OverloadedError,
    PictureError,
    QueryError,
    RulesError,
)
from atelier.serving.schemas import Problem, SearchForm

MAX_COMPLAINTS = 10
"""Of what is wrong with a request; a problem repeats no more of it than a person would read."""

log = logging.getLogger("atelier.serving")


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(QueryError, _unprocessable)
    app.add_exception_handler(PictureError, _unprocessable)
    app.add_exception_handler(RulesError, _unprocessable)
    app.add_exception_handler(CollageError, _unprocessable)
    app.add_exception_handler(NoReleaseError, _not_ready)
    app.add_exception_handler(FeedLogError, _unlogged)
    app.add_exception_handler(OverloadedError, _overloaded)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _ours)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems that a route may answer with."""
    return {
        status: {
            "model": Problem,
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {}},
        }
        for status in statuses
    }


def _problem(
    request: Request, status: int, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=getattr(request.state, "request_id", None),
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True), status, headers, media_type="application/problem+json"
    )


async def _unprocessable(request: Request, error: Exception) -> JSONResponse:
    return _problem(request, 422, str(error))


async def _not_ready(request: Request, error: Exception) -> JSONResponse:
    return _problem(request, 503, str(error), {"Retry-After": "5"})


async def _unlogged(request: Request, error: Exception) -> JSONResponse:
    log.error("request %s: %s", getattr(request.state, "request_id", "?"), error)
    return _problem(request, 503, str(error), {"Retry-After": "30"})


async def _overloaded(request: Request, error: Exception) -> JSONResponse:
    return _problem(request, 503, str(error), {"Retry-After": "1"})


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    is_search = request.url.path == "/v1/search"
    known = ", ".join(SearchForm.model_fields) if is_search else "those that /docs lists"
    complaints = [_sentence(entry, known) for entry in error.errors()[:MAX_COMPLAINTS]]
    return _problem(request, 422, "; ".join(complaints))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(request, error.status_code, str(error.detail), dict(error.headers or {}))


async def _ours(request: Request, error: Exception) -> JSONResponse:
    log.error("request %s failed", getattr(request.state, "request_id", "?"), exc_info=error)
    return _problem(request, 500, "A fault of the server; its log has the trace beside this request's id.")


def _sentence(entry: dict[str, Any], known: str) -> str:
    """One complaint of pydantic in words: `k: input should be less than or equal to 100, not '500'`."""
    name = ".".join(str(part)[:60] for part in entry["loc"][1:6]) or str(entry["loc"][0])
    if entry["type"] == "extra_forbidden":
        return f"{name}: there is no such field; expected {known}"
    message = entry["msg"].removeprefix("Value error, ")
    seen = entry.get("input")
    tail = f", not {seen!r}"[:80] if isinstance(seen, str | int | float) else ""
    return f"{name}: {message[0].lower()}{message[1:]}{tail}"
