"""Examines a trained detector: boxes of held-out searches and of labelled street photos."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from atelier.datasets.catalogue import Catalogue
from atelier.families.detection.config import DetectionPreset
from atelier.families.detection.inference import (
    INPUT,
    MODEL_FILE,
    OUTPUTS,
    DetectionContract,
    Detector,
    Found,
    squeezed,
)
from atelier.families.detection.metrics import Seen, detection_metrics, main_overlaps
from atelier.families.detection.task import Truth
from atelier.jobs.detection.champion import detector_in
from atelier.jobs.detection.material import truths
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Examination, Outcomes
from atelier.pictures import encode_jpeg
from atelier.registry.signature import Signature, TensorSpec
from atelier.vocabulary import PhotoKind, Split

_AT_ONCE = 32
_SHOWN = 12
_SHOWN_HEIGHT = 320


def examine(
    context: Context[DetectionPreset], outcomes: Outcomes, weights: Mapping[str, Path]
) -> Examination:
    """Examine the detector on held-out searches and street photos."""
    del outcomes  # its files say it all
    (files,) = weights.values()
    detector = detector_in(files, threads=1)
    catalogue = Catalogue.open(context.settings.data_dir)
    photos = truths(context.settings, catalogue, context.data_version, Split.TEST)
    answers = detect(detector, photos)
    metrics = {f"test/{name}": value for name, value in detection_metrics(seen(answers, photos)).items()}
    milliseconds = float(np.median(milliseconds_per_photo([detector])[0]))
    items = catalogue.items()
    return Examination(
        files=files,
        served=MODEL_FILE,
        signature=_signature(detector.contract),
        example={INPUT: _example(detector.contract)},
        metrics={**metrics, "milliseconds_per_photo": milliseconds},
        results=paired_results(answers, photos),
        splits={
            str(split): {
                "products": sum(item.split == split for item in items),
                "street photos": len(catalogue.photos(PhotoKind.STREET, split)),
            }
            for split in Split
        },
        cost={"CPU time for a photo, both looks": f"{milliseconds:.2f} ms"},
        show=lambda run: run.picture("found", _sheet(answers, photos)) if photos else None,
    )


def reexamine(context: Context[DetectionPreset], files: Path) -> dict[str, Any]:
    """Run the current examination with an earlier version."""
    photos = truths(
        context.settings, Catalogue.open(context.settings.data_dir), context.data_version, Split.TEST
    )
    return paired_results(detect(detector_in(files, threads=1), photos), photos)


def detect(detector: Detector, photos: Sequence[Truth]) -> list[Found]:
    """Detect the items of photos, whatever their backgrounds."""
    found: list[Found] = []
    for start in range(0, len(photos), _AT_ONCE):
        found += detector.detect([photo.pixels for photo in photos[start : start + _AT_ONCE]])
    return found


def seen(answers: Sequence[Found], photos: Sequence[Truth]) -> list[Seen]:
    """Pair each photo's detections with its ground truth."""
    return [
        Seen(
            np.asarray([each.box.as_tuple() for each in found], np.float32).reshape(-1, 4),
            tuple(each.category for each in found),
            np.asarray([each.score for each in found], np.float32),
            photo.boxes_R4,
            photo.kinds,
            photo.has_main,
        )
        for found, photo in zip(answers, photos, strict=True)
    ]


def paired_results(answers: Sequence[Found], photos: Sequence[Truth]) -> dict[str, Any]:
    """Serialise the per-photo results that a comparison of two detectors needs."""
    compared = seen(answers, photos)
    return {
        "main_overlap": [round(float(overlap), 4) for overlap in main_overlaps(compared)],
        "average_precision_50": detection_metrics(compared)["average_precision_50"],
    }


def milliseconds_per_photo(
    detectors: Sequence[Detector], rounds: int = 5, photos: int = 20
) -> list[list[float]]:
    """Measure the CPU time of both passes for one photo, for each detector and round, alternating
    detectors.
    """
    grain = np.random.default_rng(0).integers(0, 256, (480, 360, 3), np.uint8)
    times: list[list[float]] = [[] for _ in detectors]
    for _ in range(rounds):
        for detector, own in zip(detectors, times, strict=True):
            detector.detect([grain])
            start = time.process_time()
            for _ in range(photos):
                detector.detect([grain])
            own.append((time.process_time() - start) * 1000 / photos)
    return times


def _sheet(answers: Sequence[Found], photos: Sequence[Truth]) -> bytes:
    """Draw some photos, evenly spread, with their detections: the chosen item in red, its ground truth in
    white.
    """
    tiles = []
    for index in np.linspace(0, len(photos) - 1, min(_SHOWN, len(photos))).astype(int):
        photo, scale = photos[index], _SHOWN_HEIGHT / photos[index].pixels.shape[0]
        image = Image.fromarray(photo.pixels)
        image = image.resize((max(1, round(image.width * scale)), _SHOWN_HEIGHT))
        draw = ImageDraw.Draw(image)
        for box in photo.boxes_R4:
            draw.rectangle([float(edge) * scale for edge in box], outline="white")
        for item in reversed(answers[index]):
            edges = [edge * scale for edge in item.box.as_tuple()]
            draw.rectangle(edges, outline="red" if item.chosen else "lime", width=2 if item.chosen else 1)
            draw.text((edges[0] + 3, edges[1] + 2), f"{item.category} {item.score:.2f}", fill="yellow")
        tiles.append(np.asarray(image))
    half = (len(tiles) + 1) // 2
    rows = [np.concatenate(part, axis=1) for part in (tiles[:half], tiles[half:]) if part]
    width = max(row.shape[1] for row in rows)
    return encode_jpeg(np.concatenate([np.pad(r, ((0, 0), (0, width - r.shape[1]), (0, 0))) for r in rows]))


def _signature(contract: DetectionContract) -> Signature:
    shapes = ((-1, -1, len(contract.categories)), (-1, -1), (-1, -1, 4))
    return Signature(
        inputs=(TensorSpec(INPUT, "float32", (-1, 3, -1, -1)),),
        outputs=tuple(
            TensorSpec(name, "float32", shape) for name, shape in zip(OUTPUTS, shapes, strict=True)
        ),
    )


def _example(contract: DetectionContract) -> np.ndarray:
    return squeezed(np.full((64, 48, 3), 128, np.uint8), contract.look_size)[None]
