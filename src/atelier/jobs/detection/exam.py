"""Examines a trained detector and makes it a version of its model, with all that a reviewer wants to see."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from atelier.datasets.catalogue import Catalogue
from atelier.families import detection
from atelier.families.detection.export import FILES
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
from atelier.jobs.detection.champion import FAMILY, detector_in
from atelier.jobs.detection.material import truths
from atelier.jobs.detection.train import detector_code
from atelier.jobs.retrieval.exam import Registered, outcome_of, registered_already
from atelier.jobs.retrieval.train import TrainOutcome, current_version, read_weights, run_key
from atelier.pictures import encode_jpeg
from atelier.registry.cards import CardFacts, about_family, model_card
from atelier.registry.signature import Signature, TensorSpec
from atelier.registry.store import open_registry
from atelier.settings import Settings
from atelier.vocabulary import PhotoKind, Split

RESULTS_FILE = "results.json"
"""Where an examination keeps its answers for the gate."""
_AT_ONCE = 32
_SHOWN = 12
_SHOWN_HEIGHT = 320


def register_detector(
    settings: Settings, preset: str, trained: TrainOutcome, *, progress: bool = True
) -> Registered:
    """Examine a detector on the held-out part and register it as the candidate.

    Found registered already: nothing is done. DigestError: weights have changed since they were trained.
    """
    del progress  # seconds
    start = time.perf_counter()
    version = current_version(settings)
    registry = open_registry(settings)
    key = run_key("detector-examination", version, trained.key, code=detector_code())
    known = registered_already(registry, FAMILY, key, start)
    if known is not None:
        return known
    tags = {"data_version": version, "preset": preset, "training": trained.run_id}
    with (
        TemporaryDirectory() as temporary,
        registry.start_run(f"detector-examination-{preset}", key, tags, family=FAMILY) as run,
    ):
        folder = Path(temporary)
        read_weights(registry, trained, FILES, folder)
        detector = detector_in(folder, threads=1)
        catalogue = Catalogue.open(settings.data_dir)
        photos = truths(settings, catalogue, version, Split.TEST)
        answers = look_at(detector, photos)
        metrics = {f"test/{name}": value for name, value in detection_metrics(seen(answers, photos)).items()}
        metrics["milliseconds_per_photo"] = float(np.median(milliseconds_per_photo([detector])[0]))
        run.metrics(metrics, 0)
        run.json(RESULTS_FILE, paired_results(answers, photos))
        if photos:
            (folder / "found.jpg").write_bytes(_sheet(answers, photos))
            run.file(folder / "found.jpg", "figures")
            (folder / "found.jpg").unlink()
        made = registry.register(
            FAMILY,
            folder,
            run.ref,
            signature=_signature(detector.contract),
            input_example={INPUT: _example(detector.contract)},
            card=model_card(_facts(preset, version, catalogue, metrics)),
            tags=tags,
            served=MODEL_FILE,
        )
    return outcome_of(made, run.run_id, False, metrics, start)


def look_at(detector: Detector, photos: Sequence[Truth]) -> list[Found]:
    """What a detector finds in photos, whatever their backgrounds."""
    found: list[Found] = []
    for start in range(0, len(photos), _AT_ONCE):
        found += detector.look([photo.pixels for photo in photos[start : start + _AT_ONCE]])
    return found


def seen(answers: Sequence[Found], photos: Sequence[Truth]) -> list[Seen]:
    """What was found beside what is there."""
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
    """What a comparison of two detectors needs of their answers, as JSON."""
    compared = seen(answers, photos)
    return {
        "main_overlap": [round(float(overlap), 4) for overlap in main_overlaps(compared)],
        "average_precision_50": detection_metrics(compared)["average_precision_50"],
    }


def milliseconds_per_photo(
    detectors: Sequence[Detector], rounds: int = 5, photos: int = 20
) -> list[list[float]]:
    """CPU time of both looks at one photo at a time, for each detector and round; they take turns."""
    grain = np.random.default_rng(0).integers(0, 256, (480, 360, 3), np.uint8)
    times: list[list[float]] = [[] for _ in detectors]
    for _ in range(rounds):
        for detector, own in zip(detectors, times, strict=True):
            detector.look([grain])
            start = time.process_time()
            for _ in range(photos):
                detector.look([grain])
            own.append((time.process_time() - start) * 1000 / photos)
    return times


def _sheet(answers: Sequence[Found], photos: Sequence[Truth]) -> bytes:
    """Some photos, evenly spread, with what was found: the chosen item in red, the truth of it in white."""
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


def _facts(preset: str, data_version: str, catalogue: Catalogue, metrics: Mapping[str, float]) -> CardFacts:
    about = about_family((resources.files(detection) / "CARD.md").read_text(encoding="utf-8"))
    items = catalogue.items()
    return CardFacts(
        name=FAMILY,
        summary=about[""],
        intended_use=about["Intended use"],
        limits=[line.removeprefix("- ") for line in about["Limits"].splitlines()],
        preset=preset,
        data_version=data_version,
        splits={
            str(split): {
                "products": sum(item.split == split for item in items),
                "street photos": len(catalogue.photos(PhotoKind.STREET, split)),
            }
            for split in Split
        },
        metrics={name: value for name, value in metrics.items() if name.startswith("test/")},
        cost={"CPU time for a photo, both looks": f"{metrics['milliseconds_per_photo']:.2f} ms"},
    )


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
