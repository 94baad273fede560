"""The champion and the current data, live: index built and verified, release staged and promoted."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from atelier.datasets.catalogue import Catalogue
from atelier.errors import RegistryError, ReleaseError, VersionError
from atelier.families.detection import inference as detection
from atelier.families.retrieval.inference import (
    CONTRACT_FILE,
    MODEL_FILE,
    TEXT_FILE,
    EmbeddingContract,
    Encoder,
)
from atelier.index.build import Build, build
from atelier.index.schema import Embedded, IndexItem
from atelier.index.store import seems_present
from atelier.index.verify import verify
from atelier.pictures import PictureLimits, decode, encode_jpeg
from atelier.registry.models import ModelVersion
from atelier.registry.store import open_registry
from atelier.release.manifest import ModelFiles, Release
from atelier.release.store import STAGING_PREFIX, damaged_files, live, promote, publishing, stage
from atelier.settings import Settings
from atelier.versioning.workspace import current
from atelier.vocabulary import PhotoKind

FAMILY = "retrieval"
SERVED_FILES = (MODEL_FILE, TEXT_FILE, CONTRACT_FILE, "card.md")
"""What a release takes of a model version."""
DETECTOR = "detection"
DETECTOR_FILES = (detection.MODEL_FILE, detection.CONTRACT_FILE)
THUMBNAIL_SIDE = 256
_ENCODED_AT_ONCE = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """What is live now, and what it took."""

    release_id: str
    data_version: str
    model: str
    """Name and version in the registry: 'retrieval 3'."""
    rows: int
    """Items that can be found."""
    embedded: int
    """Pictures that went through the model."""
    reused_vectors: int
    """Pictures that had done so before, under the same model."""
    seconds: float
    changed: bool
    """False: this model and this data were live already, and nothing was done."""


def publish(settings: Settings, *, progress: bool = True) -> Published:
    """Make the champion and the current data version live, if they are not; serving follows by itself.

    May be killed at any moment: what was live stays live, and the next call goes on with what is embedded.
    RegistryError: there is no champion. VersionError: there is no data. IndexRejected: the new index is not
    fit to go live.
    """
    started = time.monotonic()
    champion, data_version = _champion(settings), _data_version(settings)
    detector = open_registry(settings).version(DETECTOR, "champion")
    models = {version.name: _model_files(version) for version in (champion, detector) if version}
    with publishing(settings):
        present = _live_already(settings, models, data_version)
        if present is not None:
            return _report(present, None, started)
        with TemporaryDirectory(dir=settings.releases_dir, prefix=STAGING_PREFIX) as folder:
            model_dir = open_registry(settings).fetch(champion, Path(folder) / "model")
            gallery = _Gallery(settings, model_dir)
            built = build(
                settings,
                gallery.items,
                gallery.embed,
                contract_json=gallery.contract.to_json(),
                data_version=data_version,
                progress=progress,
            )
            counts = Counter(row.item.category for row in gallery.items)
            release = stage(
                settings,
                data_version=data_version,
                models=models,
                index=built.version,
                verification=verify(settings, built.version, counts),
                files={name: model_dir / name for name in SERVED_FILES}
                | _detector_files(settings, detector, Path(folder) / DETECTOR),
            )
        promote(settings, release.release_id)
    return _report(release, built, started)


def _champion(settings: Settings) -> ModelVersion:
    champion = open_registry(settings).version(FAMILY, "champion")
    if champion is None:
        raise RegistryError(
            f"no version of {FAMILY} is the champion yet; `atelier retrain` trains one and gates it"
        )
    return champion


def _data_version(settings: Settings) -> str:
    version = current(settings)
    if version is None:
        raise VersionError("there is no data to publish; `atelier ingest DIR` takes some in")
    return version.digest


def _detector_files(settings: Settings, detector: ModelVersion | None, folder: Path) -> dict[str, Path]:
    """What a release takes of the detector; nothing while none is the champion."""
    if detector is None:
        return {}
    open_registry(settings).fetch(detector, folder)
    return {name: folder / name for name in DETECTOR_FILES}


def _live_already(settings: Settings, models: Mapping[str, ModelFiles], data_version: str) -> Release | None:
    """The live release if it has these models and data and nothing is lost; answered without LanceDB."""
    try:
        release = live(settings)
    except ReleaseError:  # nothing is live, or what is live is broken: both are mended by publishing
        return None
    is_same = release.models == models and release.data_version == data_version
    is_whole = not damaged_files(settings, release) and seems_present(settings, release.index)
    return release if is_same and is_whole else None


def _model_files(version: ModelVersion) -> ModelFiles:
    return ModelFiles(version.name, version.version, version.files_digest)


def _report(release: Release, built: Build | None, started: float) -> Published:
    """`built` is None where nothing was to do."""
    model = release.models[FAMILY]
    published = Published(
        release_id=release.release_id,
        data_version=release.data_version,
        model=f"{model.name} {model.version}",
        rows=release.index.rows,
        embedded=built.embedded if built else 0,
        reused_vectors=built.reused if built else 0,
        seconds=time.monotonic() - started,
        changed=built is not None,
    )
    log.info("%s", published)
    return published


class _Gallery:
    """The catalogue as the index wants it: items with a picture, and their pictures embedded on demand."""

    def __init__(self, settings: Settings, model_dir: Path) -> None:
        self.contract = EmbeddingContract.from_json((model_dir / CONTRACT_FILE).read_bytes())
        self._encoder = Encoder(model_dir / MODEL_FILE, self.contract, settings.serve_threads)
        self._limits = PictureLimits(settings.max_picture_pixels, settings.min_picture_side)
        self._catalogue = Catalogue.open(settings.data_dir)
        picture_of: dict[str, str] = {}
        self._photos = {}
        for photo in self._catalogue.photos(PhotoKind.CATALOGUE):
            if photo.item_id is not None and photo.sha256 is not None:
                picture_of.setdefault(photo.item_id, photo.sha256)  # of several, the first by photo id
                self._photos[photo.sha256] = photo
        items = self._catalogue.items()
        self.items = [
            IndexItem(item, picture_of[item.item_id]) for item in items if item.item_id in picture_of
        ]
        if len(self.items) < len(items):
            log.warning("%d items have no photo and cannot be found", len(items) - len(self.items))

    def embed(self, pictures: Sequence[str]) -> Embedded:
        """Vectors and thumbnails of pictures named by digest."""
        vectors, thumbnails = [], []
        for start in range(0, len(pictures), _ENCODED_AT_ONCE):
            stored = [
                self._catalogue.read(self._photos[picture])
                for picture in pictures[start : start + _ENCODED_AT_ONCE]
            ]
            shrink_to = max(self.contract.image_size, THUMBNAIL_SIDE)
            decoded = [decode(data, self._limits, shrink_to) for data in stored]
            vectors.append(self._encoder.encode(decoded).embedding)
            thumbnails += [_thumbnail(data, pixels) for data, pixels in zip(stored, decoded, strict=True)]
        return Embedded(np.concatenate(vectors), thumbnails)


def _thumbnail(data: bytes, pixels: np.ndarray) -> bytes:
    """A JPEG of at most THUMBNAIL_SIDE pixels a side: the stored one where it is that small already."""
    if data.startswith(b"\xff\xd8") and max(pixels.shape[:2]) <= THUMBNAIL_SIDE:
        return data
    image = Image.fromarray(pixels)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return encode_jpeg(np.asarray(image), quality=85)
