"""Loads the champion detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atelier.families.detection.inference import CONTRACT_FILE, MODEL_FILE, DetectionContract, Detector
from atelier.lifecycle.context import Context

FAMILY = "detection"
"""Name of the experiment, of the registered model, and of the folder in a release."""


def champion_detector(context: Context[Any]) -> Detector | None:
    """Load the champion; None while no detector was good enough to be one."""
    champion = context.champion(FAMILY)
    return None if champion is None else detector_in(champion.folder, context.settings.serve_threads)


def detector_in(folder: Path, threads: int = 2) -> Detector:
    """Load the detector among a version's or a release's files. DigestError, DetectionContractError: see
    there.
    """
    contract = DetectionContract.from_json((folder / CONTRACT_FILE).read_bytes())
    return Detector(folder / MODEL_FILE, contract, threads)
