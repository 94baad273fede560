"""Opens a release for serving: every family, checked and loaded before the first request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from atelier.errors import ReleaseError
from atelier.families.detection import inference as detection
from atelier.families.detection.inference import DetectionContract, Detector
from atelier.families.retrieval import inference as retrieval
from atelier.families.retrieval.inference import EmbeddingContract, Encoder, TextEncoder
from atelier.families.served import load_served
from atelier.index import saved
from atelier.index.query import IndexReader
from atelier.release.manifest import Release
from atelier.release.store import folder_of, require_whole
from atelier.serving.answerer import Answerer
from atelier.serving.feed import FeedMaker
from atelier.settings import Settings
from atelier.styling.personal import FAMILY as RANKING
from atelier.styling.personal import ReleasedRanker, UserTaste
from atelier.styling.showcase import Showcase
from atelier.styling.stylist import FAMILY as OUTFIT
from atelier.styling.stylist import Stylist

RETRIEVAL, DETECTION = "retrieval", "detection"


def open_answerer(settings: Settings, release: Release, previous: Answerer | None = None) -> Answerer:
    """Check, load and warm up everything of one release; nothing of it is opened by a request.

    Costs seconds, and as much memory as is new in it: networks whose files `previous` has too are shared with
    it, without reading them again, and so are the graphs of its index where most rows are the same.
    DigestError: a file is missing or damaged. ReleaseError: a family cannot be loaded; the message names it.
    """
    require_whole(settings, release, trusted=set(previous.release.files.values()) if previous else ())
    with _naming(release, RETRIEVAL):
        encoder, texts = _open_retrieval(settings, release, _sharing(previous, release, RETRIEVAL))
    with _naming(release, saved.FOLDER):
        reader = _open_index(settings, release, encoder.contract, previous)
    with _naming(release, DETECTION):
        detector = _open_detector(settings, release, _sharing(previous, release, DETECTION))
    with _naming(release, RANKING):
        ranker = _open_ranker(settings, release, _sharing(previous, release, RANKING))
        feed_maker = FeedMaker.of(ranker, settings, release) if ranker else None
    with _naming(release, OUTFIT):
        stylist = _open_stylist(settings, release, reader, ranker, _sharing(previous, release, OUTFIT))
    models = {name: _open_other(settings, release, name, previous) for name in _others(release)}
    answerer = Answerer(
        release,
        encoder,
        texts,
        reader,
        detector,
        stylist,
        Showcase(settings, reader),
        feed_maker,
        ranker,
        models,
    )
    answerer.warm_up()
    return answerer


@contextmanager
def _naming(release: Release, part: str) -> Iterator[None]:
    """Say which part of a release it was, whatever went wrong with it."""
    try:
        yield
    except Exception as error:  # libraries have their own kinds for a file that is not what it should be
        raise ReleaseError(
            f"release {release.release_id}: its {part} cannot be loaded: {type(error).__name__}: {error}"
        ) from error


def _sharing(previous: Answerer | None, release: Release, family: str) -> Answerer | None:
    """`previous` where it has the same files of a family, so that what it loaded can be shared."""
    if previous is None or previous.release.files_of(family) != release.files_of(family):
        return None
    return previous


def _others(release: Release) -> list[str]:
    """The families of a release that are served by their own routes alone."""
    return sorted(release.models.keys() - {RETRIEVAL, DETECTION, RANKING, OUTFIT})


def _open_other(settings: Settings, release: Release, family: str, previous: Answerer | None) -> Any:
    with _naming(release, family):
        same = _sharing(previous, release, family)
        if same is not None and family in same.models:
            return same.models[family]
        return load_served(family, folder_of(settings, release, family), settings.serve_threads)


def _open_retrieval(
    settings: Settings, release: Release, same: Answerer | None
) -> tuple[Encoder, TextEncoder]:
    if same is not None:
        return same.encoder, same.texts
    folder = folder_of(settings, release, RETRIEVAL)
    contract = EmbeddingContract.from_json((folder / retrieval.CONTRACT_FILE).read_bytes())
    return (
        Encoder(folder / retrieval.MODEL_FILE, contract, threads=settings.serve_threads),
        TextEncoder(folder / retrieval.TEXT_FILE, contract),
    )


def _open_index(
    settings: Settings, release: Release, contract: EmbeddingContract, previous: Answerer | None
) -> IndexReader:
    return IndexReader.open(
        settings,
        release.index,
        contract.digest,
        saved=saved.saved_in(folder_of(settings, release, saved.FOLDER), release.files_of(saved.FOLDER)),
        previous=None if previous is None else previous.reader,
    )


def _open_detector(settings: Settings, release: Release, same: Answerer | None) -> Detector | None:
    """None where the manifest names none, as in releases of before there were any."""
    if DETECTION not in release.models:
        return None
    if same is not None and same.detector is not None:
        return same.detector
    folder = folder_of(settings, release, DETECTION)
    contract = DetectionContract.from_json((folder / detection.CONTRACT_FILE).read_bytes())
    return Detector(folder / detection.MODEL_FILE, contract, threads=settings.serve_threads)


def _open_ranker(settings: Settings, release: Release, same: Answerer | None) -> ReleasedRanker | None:
    if RANKING not in release.models:
        return None
    if same is not None and same.ranker is not None:
        return same.ranker
    return ReleasedRanker.open(settings, release)


def _open_stylist(
    settings: Settings,
    release: Release,
    reader: IndexReader,
    ranker: ReleasedRanker | None,
    same: Answerer | None,
) -> Stylist | None:
    if OUTFIT not in release.models:
        return None
    return Stylist(
        settings,
        release,
        reader.facts,
        reader.relevance,
        generator=same.stylist.generator if same is not None and same.has_stylist else None,
        taste=UserTaste.of(ranker, release) if ranker is not None and ranker.values is not None else None,
    )
