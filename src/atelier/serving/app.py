"""The application: routes, errors and middleware around one `LiveRelease`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool

from atelier.serving import feed_routes, outfit_routes, problems
from atelier.serving.live import LiveRelease
from atelier.serving.metrics import Metrics
from atelier.serving.middleware import HeadAsGet, Observed, UploadLimit
from atelier.serving.routes import Service, router
from atelier.serving.shadow import Shadow
from atelier.settings import Settings

DESCRIPTION = """
Photo search over the live release. A request is answered wholly by one release, which its answer names;
promoting or rolling back a release needs no restart.
"""


def create_app(settings: Settings, live: LiveRelease | None = None) -> FastAPI:
    """Build the application. Its start loads the live release and follows it; its stop ends both."""
    live = live or LiveRelease(settings)
    shadow = Shadow(settings)
    metrics = Metrics(live, shadow.metrics.registry)
    workers = ThreadPoolExecutor(
        settings.serve_workers or max(2, os.cpu_count() or 2), thread_name_prefix="search"
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(live.start)
        shadow.start()
        try:
            yield
        finally:
            await run_in_threadpool(shadow.stop)
            await run_in_threadpool(live.stop)
            workers.shutdown(cancel_futures=True)

    # /docs with its viewer from here: FastAPI's own page has the browser fetch it from a public CDN.
    app = FastAPIOffline(
        redoc_url=None,
        title="Atelier",
        version=version("atelier"),
        description=DESCRIPTION,
        lifespan=lifespan,
    )
    app.state.service = Service(settings, live, metrics, workers, shadow)
    app.include_router(router)
    app.include_router(outfit_routes.router)
    app.include_router(feed_routes.router)
    problems.install(app)
    app.add_middleware(UploadLimit, max_upload_bytes=settings.max_upload_bytes)
    app.add_middleware(HeadAsGet)
    app.add_middleware(Observed, metrics=metrics)
    return app
