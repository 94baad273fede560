"""The detector among a version's files."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_detector import write_toy_detector

from atelier.errors import RegistryError
from atelier.jobs.detection.champion import detector_in


def test_a_detector_is_loaded_from_its_folder_and_a_changed_file_is_refused(tmp_path: Path) -> None:
    contract = write_toy_detector(tmp_path)
    assert detector_in(tmp_path, 1).contract == contract
    (tmp_path / "detector.onnx").write_bytes(b"something else")
    with pytest.raises(RegistryError):
        detector_in(tmp_path, 1)
