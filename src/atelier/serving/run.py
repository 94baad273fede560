"""Starts a server, or runs one search in this process, for the command line."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import uvicorn
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_limits

from atelier import pictures
from atelier.errors import PictureError, QueryError
from atelier.files import require_place
from atelier.release.store import live
from atelier.serving.answerer import Answer, Filters
from atelier.serving.app import create_app
from atelier.serving.loader import open_answerer
from atelier.serving.picture import result_sheet
from atelier.settings import Settings
from atelier.vocabulary import Box

SHUTDOWN_SECONDS = 10


def serve(settings: Settings) -> None:
    """Answer at `serve_host:serve_port` until SIGINT or SIGTERM; requests in flight get ten seconds to end.

    One process: threads share the student and the index, each photo is one thread's. The access log goes to
    standard output, one JSON object a line, everything else to standard error.
    """
    _log_to_console()
    # A photo's matrix products are short: BLAS threads that wait for the next one took half of both cores.
    threadpool_limits(1, user_api="blas")
    uvicorn.run(
        create_app(settings),
        host=settings.serve_host,
        port=settings.serve_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def search(
    settings: Settings,
    photo_path: Path | None,
    box: Box | None = None,
    categories: Sequence[str] = (),
    k: int = 10,
    *,
    text: str | None = None,
    sheet_path: Path | None = None,
) -> Answer:
    """Answer one photo, a text or both from the live release, without a server.

    `sheet_path` gets a picture of the answer. NoReleaseError: nothing is live yet. PictureError, QueryError:
    the photo, what is asked of it or the name of the picture is wrong. OSError: there is no place for it.
    """
    if sheet_path is not None:
        require_sheet_place(sheet_path)
    answer, sheet = search_and_draw(
        settings, photo_path, box, categories, k, text=text, draw=sheet_path is not None
    )
    if sheet_path is not None and sheet is not None:
        pictures.save(sheet, sheet_path)
    return answer


def require_sheet_place(sheet_path: Path) -> None:
    """Check a picture's name before its answer is looked for. Raises PictureError, OSError."""
    pictures.require_ending(sheet_path)
    require_place(sheet_path)


def search_and_draw(
    settings: Settings,
    photo_path: Path | None,
    box: Box | None = None,
    categories: Sequence[str] = (),
    k: int = 10,
    *,
    text: str | None = None,
    draw: bool = True,
) -> tuple[Answer, Image.Image | None]:
    """Answer as `search` does, with the picture of the answer where it is wanted; nothing is written."""
    if photo_path is None and not text:
        raise QueryError("expected a photo, --text, or both")
    answerer = open_answerer(settings, live(settings))
    filters = Filters(categories=tuple(categories))
    started = time.perf_counter()
    pixels = None if photo_path is None else _read_photo(settings, photo_path)
    decoded = time.perf_counter()
    if pixels is None:
        answer = answerer.answer_text(text or "", filters, k)
    else:
        answer = answerer.answer(pixels, box, filters, k, text=text)
        answer = replace(answer, seconds={"decode": decoded - started, **answer.seconds})
    if not draw:
        return answer, None
    seen = box or (answer.boxes[0].box if answer.boxes else None)
    return answer, result_sheet(pixels, seen, answer, answerer.thumbnails(answer), text)


def _read_photo(settings: Settings, photo_path: Path) -> NDArray[np.uint8]:
    limits = pictures.PictureLimits(settings.max_picture_pixels, settings.min_picture_side)
    try:
        return pictures.decode(photo_path.read_bytes(), limits)
    except PictureError as error:
        raise PictureError(f"{photo_path}: {error}") from error
    except OSError as error:
        raise PictureError(f"{photo_path}: cannot be read ({error.strerror})") from error


def _log_to_console() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    access_log = logging.getLogger("atelier.access")
    access_log.propagate = False
    access_log.addHandler(logging.StreamHandler(sys.stdout))
