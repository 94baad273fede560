"""A release carries the champion detector, and a new one is a reason to publish."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from publish_world import accept_catalogue, crown
from toy_detector import KINDS, SIZE, write_toy_detector

from atelier.families.detection.inference import INPUT, OUTPUTS
from atelier.jobs.release.publish import publish
from atelier.registry.signature import Signature, TensorSpec
from atelier.registry.store import open_registry
from atelier.release.store import live
from atelier.serving.loader import open_answerer
from atelier.settings import Settings

SIGNATURE = Signature(
    inputs=(TensorSpec(INPUT, "float32", (-1, 3, SIZE, SIZE)),),
    outputs=tuple(
        TensorSpec(name, "float32", shape)
        for name, shape in zip(OUTPUTS, ((-1, 4, len(KINDS)), (-1, 4), (-1, 4, 4)), strict=True)
    ),
)


def crown_detector(settings: Settings, folder: Path, sharpness: float) -> None:
    write_toy_detector(folder, sharpness)
    registry = open_registry(settings)
    with registry.start_run("detector", f"detector-{sharpness}", {}, family="detection") as tracker:
        pass
    version = registry.register(
        "detection",
        folder,
        tracker.ref,
        signature=SIGNATURE,
        input_example={INPUT: np.full((1, 3, SIZE, SIZE), 0.5, np.float32)},
        card="# Darkest quarter\n",
        tags={},
        served="detector.onnx",
    )
    registry.set_alias("detection", "champion", version.version)


def test_a_detector_goes_out_with_the_release_and_a_new_one_makes_a_new_release(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", serve_threads=1)
    accept_catalogue(settings, range(40))
    crown(settings, tmp_path / "student")
    alone = publish(settings, progress=False)
    assert live(settings).models.keys() == {"retrieval"}
    assert open_answerer(settings, live(settings)).detector is None

    crown_detector(settings, tmp_path / "one", sharpness=80)
    both = publish(settings, progress=False)
    assert both.changed
    assert both.release_id != alone.release_id
    assert (both.embedded, both.rows) == (0, alone.rows), "no vector depends on the detector"
    assert live(settings).models.keys() == {"retrieval", "detection"}
    names = {"retrieval/student.onnx", "detection/detector.onnx", "detection/detector.json"}
    assert live(settings).files.keys() >= names
    assert open_answerer(settings, live(settings)).detector is not None
    assert not publish(settings, progress=False).changed

    crown_detector(settings, tmp_path / "two", sharpness=40)
    assert publish(settings, progress=False).changed
