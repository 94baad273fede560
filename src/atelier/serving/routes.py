"""Defines the routes: each converts a request to a call of the live release, and its answer to JSON."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import APIRouter, BackgroundTasks, Depends, Form, HTTPException, Request, Response
from fastapi.responses import FileResponse

from atelier.errors import OverloadedError
from atelier.pictures import PictureLimits
from atelier.serving.answerer import Answer, Answerer, parse_box
from atelier.serving.live import LiveRelease
from atelier.serving.metrics import Metrics
from atelier.serving.problems import responses
from atelier.serving.schemas import (
    Failure,
    Health,
    ItemFacts,
    ReleaseFacts,
    SearchAnswer,
    SearchForm,
    picture_path,
    shown_price,
)
from atelier.serving.shadow import Shadow
from atelier.settings import Settings
from atelier.vocabulary import Box

router = APIRouter()

PAGE_PATH = Path(__file__).parent / "pages" / "search.html"
PAGE_POLICY = (
    "default-src 'none'; img-src 'self' blob: data:; connect-src 'self'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Service:
    """Shared state of the routes, at `app.state.service`."""

    settings: Settings
    live: LiveRelease
    metrics: Metrics
    workers: ThreadPoolExecutor
    shadow: Shadow
    num_inside: int = 0
    """Requests that are worked on or wait for it; read and written by the event loop alone."""

    async def work(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run CPU work in the bounded pool, off the event loop; further work is queued.

        OverloadedError: `serve_queue` requests are inside already, or its turn did not come in time.
        """
        if self.num_inside >= self.settings.serve_queue:
            raise OverloadedError(f"{self.num_inside} requests are inside already; ask again in a moment")
        self.num_inside += 1
        try:
            loop, asked = asyncio.get_running_loop(), time.perf_counter()
            return await loop.run_in_executor(
                self.workers, lambda: self._in_time(asked, function, args, kwargs)
            )
        finally:
            self.num_inside -= 1

    def _in_time(
        self, asked: float, function: Callable[P, T], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> T:
        """Not for somebody who has long gone."""
        waited = time.perf_counter() - asked
        if waited > self.settings.serve_patience_seconds:
            raise OverloadedError(f"the request waited {waited:.1f} s for its turn; ask again in a moment")
        return function(*args, **kwargs)


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(_service)]


@router.post("/v1/search", responses=responses(413, 422, 503), tags=["search"])
async def search(
    service: ServiceOf,
    request: Request,
    later: BackgroundTasks,
    form: Annotated[SearchForm, Form(media_type="multipart/form-data")],
) -> SearchAnswer:
    """Find the catalogue's items that match a photo, its boxed part, or a text."""
    arrived = time.perf_counter()
    box = parse_box(form.box)
    answer = await service.work(_answer, service.live.current, form, box, service.settings, arrived)
    for stage, seconds in answer.seconds.items():
        service.metrics.observe_stage(stage, seconds)
    service.shadow.follow(later, request, form, box, answer)
    return SearchAnswer.of(answer)


@router.get("/v1/items/{item_id:path}", responses=responses(404, 503), tags=["catalogue"])
async def item(service: ServiceOf, item_id: str) -> ItemFacts:
    """Return all attributes of an item of the live index."""
    answerer = service.live.current
    facts = await service.work(answerer.reader.item, item_id)
    if facts is None:
        raise _no_such_item(answerer, item_id)
    release_id = answerer.release.release_id
    names = ItemFacts.model_fields.keys() - {"release", "picture", "price"}
    return ItemFacts(
        release=release_id,
        price=shown_price(facts.price),
        picture=picture_path(item_id, release_id),
        **{name: getattr(facts, name) for name in names},
    )


@router.get(
    "/v1/pictures/{item_id:path}",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}},
        304: {"description": "Not changed"},
        **responses(404, 503),
    },
    tags=["catalogue"],
)
async def picture(service: ServiceOf, request: Request, item_id: str, release: str | None = None) -> Response:
    """Return an item's picture, at most 256 pixels a side.

    An address that names the live release never changes its picture and is cached for a day; any other is
    answered from the live release and cached for a minute.
    """
    answerer = service.live.current
    data = await service.work(answerer.reader.thumbnail, item_id)
    if data is None:
        raise _no_such_item(answerer, item_id)
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    is_fixed = release == answerer.release.release_id
    headers = {
        "ETag": etag,
        "Cache-Control": "public, max-age=86400, immutable" if is_fixed else "public, max-age=60",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/jpeg", headers=headers)


@router.get("/v1/release", responses=responses(503), tags=["operation"])
async def release(service: ServiceOf) -> ReleaseFacts:
    """Describe the live release: its data, its model and its index."""
    answerer = service.live.current
    return ReleaseFacts(
        release=answerer.release.release_id,
        data_version=answerer.release.data_version,
        created_at=str(answerer.release.created_at),
        loaded_at=answerer.loaded_at,
        rows=len(answerer.reader),
        searcher=answerer.reader.searcher.description,
        model_digest=answerer.encoder.contract.model_digest,
        index=f"{answerer.release.index.name}@{answerer.release.index.version}",
        categories=answerer.reader.categories,
        detector_digest=answerer.detector.contract.digest if answerer.detector else None,
    )


@router.get("/health", responses=responses(503), tags=["operation"])
async def health(service: ServiceOf) -> Health:
    """Report readiness: 200 with the live release, 503 while there is none."""
    answerer, state = service.live.current, service.live.state
    failure = state.failure
    return Health(
        status="stale" if failure else "ok",
        release=answerer.release.release_id,
        data_version=answerer.release.data_version,
        loaded_at=answerer.loaded_at,
        rows=len(answerer.reader),
        searcher=answerer.reader.searcher.description,
        finds_items=answerer.detector is not None,
        failure=Failure(release=failure.release_id, error=failure.error, since=failure.since)
        if failure
        else None,
        left_out=[str(each) for each in state.left_out],
    )


@router.get("/health/live", tags=["operation"])
async def alive() -> dict[str, str]:
    """Report that the process runs, with or without a release."""
    return {"status": "alive"}


@router.get("/metrics", response_class=Response, tags=["operation"])
async def metrics(service: ServiceOf) -> Response:
    """Return metrics in Prometheus' text format."""
    return Response(service.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """Return the search page."""
    return FileResponse(
        PAGE_PATH,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff"},
    )


def _answer(
    answerer: Answerer, form: SearchForm, box: Box | None, settings: Settings, arrived: float
) -> Answer:
    """Decode and answer, in a worker thread."""
    started = time.perf_counter()
    if form.photo is None:
        answer = answerer.answer_text(form.text or "", form.filters(), form.k)
        return replace(answer, seconds={"wait": started - arrived, **answer.seconds})
    limits = PictureLimits(settings.max_picture_pixels, settings.min_picture_side)
    photo, box = answerer.open_photo(form.photo.file.read(), box, limits)
    decoded = time.perf_counter()
    answer = answerer.answer(photo.pixels, box, form.filters(), form.k, text=form.text)
    return replace(
        answer,
        boxes=tuple(replace(found, box=photo.outside(found.box)) for found in answer.boxes),
        seconds={"wait": started - arrived, "decode": decoded - started, **answer.seconds},
    )


def _no_such_item(answerer: Answerer, item_id: str) -> HTTPException:
    return HTTPException(404, f"Release {answerer.release.release_id} has no item {item_id[:80]!r}.")
