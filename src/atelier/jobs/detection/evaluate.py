"""Scores the live release's detector on a folder of labelled photos that training never saw."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.datasets.drop import Drop, read_drop
from atelier.errors import DropError, NoReleaseError, PictureError
from atelier.families.detection.kinds import NOT_ITEMS, kind_of
from atelier.families.detection.metrics import detection_metrics
from atelier.families.detection.task import Truth
from atelier.jobs.detection.champion import FAMILY, detector_in
from atelier.jobs.detection.exam import detect, seen
from atelier.pictures import decode
from atelier.progress import counted, write
from atelier.release.store import folder_of, live
from atelier.settings import Settings
from atelier.vocabulary import Region, Split


def evaluate(settings: Settings, data_dir: Path, *, progress: bool = True) -> dict[str, float]:
    """Compute the detector's metrics on the photos of a folder whose regions are labelled.

    Photos that the workspace trains on are left out. NoReleaseError: nothing is live, or it has no detector.
    DropError: the folder holds no labelled photo that training has not seen.
    """
    release = live(settings)
    if FAMILY not in release.models:
        raise NoReleaseError(f"release {release.release_id} has no detector; `atelier retrain` trains one")
    photos = _labelled(settings, read_drop(data_dir), progress)
    if not photos:
        raise DropError(
            f"{data_dir} holds no labelled photo that training has not seen (expected regions, as in the "
            f"layouts clothing-co-parsing and atelier-drop)"
        )
    detector = detector_in(folder_of(settings, release, FAMILY), settings.serve_threads)
    metrics = detection_metrics(seen(detect(detector, photos), photos))
    return {**metrics, "num_photos": float(len(photos))}


def _labelled(settings: Settings, drop: Drop, progress: bool) -> list[Truth]:
    known = {photo.photo_id: photo.split for photo in Catalogue.open(settings.data_dir).photos()}
    regions: dict[str, list[Region]] = defaultdict(list)
    for region in drop.rows["regions"]:
        if region.label not in NOT_ITEMS:
            regions[region.photo_id].append(region)
    unseen = [
        raw
        for raw in drop.photos
        if raw.photo.photo_id in regions and known.get(raw.photo.photo_id, Split.TEST) == Split.TEST
    ]
    found = []
    for raw in counted(unseen, "reading photos", unit="photos", shown=progress):
        own = regions[raw.photo.photo_id]
        boxes_R4 = np.asarray([(each.x0, each.y0, each.x1, each.y1) for each in own], np.float32)
        try:
            pixels = decode(raw.read())
        except PictureError as error:
            write(f"left out: {raw.where}: {error}")
            continue
        found.append(Truth(pixels, boxes_R4, tuple(kind_of(each.label) for each in own), has_main=False))
    return found
