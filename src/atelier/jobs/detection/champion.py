"""The detector that searches are made with now."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from atelier.families.detection.inference import CONTRACT_FILE, MODEL_FILE, DetectionContract, Detector
from atelier.registry.store import open_registry
from atelier.settings import Settings

FAMILY = "detection"
"""Name of the experiment, of the registered model, and of the model's entry in a release."""


def champion_detector(settings: Settings) -> Detector | None:
    """The champion; None while no detector was good enough to be one."""
    registry = open_registry(settings)
    champion = registry.version(FAMILY, "champion")
    if champion is None:
        return None
    with TemporaryDirectory() as folder:
        return detector_in(registry.fetch(champion, Path(folder) / "detector"), settings.serve_threads)


def detector_in(folder: Path, threads: int = 2) -> Detector:
    """The detector among a version's or a release's files. DigestError, DetectionContractError: see there."""
    contract = DetectionContract.from_json((folder / CONTRACT_FILE).read_bytes())
    return Detector(folder / MODEL_FILE, contract, threads)
