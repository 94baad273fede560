"""A new student may search in the champion's vectors only where its searches lose nothing there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from publish_world import patchwork, write_student

from atelier.families.retrieval.inference import Encoder
from atelier.jobs.retrieval.compatibility import contract_in, keep_space
from atelier.jobs.retrieval.queries import Query
from atelier.jobs.retrieval.scoring import Gallery
from atelier.jobs.retrieval.validation_probe import ValidationProbe
from atelier.pictures import encode_jpeg
from atelier.settings import Settings
from atelier.vocabulary import Item

NUM = 60


class PatchworkTrial(ValidationProbe):
    """Every product is its own patchwork, and is searched for by the same picture."""

    def gallery(self, encoder: Encoder, progress: bool) -> Gallery:
        del progress
        return Gallery.of(encoder.encode([patchwork(number) for number in range(NUM)]), self.items)


@pytest.fixture
def trial() -> ValidationProbe:
    items = [Item(str(number), f"Patchwork {number}", "Quilts", "test") for number in range(NUM)]
    queries = [
        Query(f"reshot/{number}", "reshot", str(number), None, encode_jpeg(patchwork(number), 95))
        for number in range(NUM)
    ]
    return PatchworkTrial(None, [], items, queries)  # type: ignore[arg-type]


def student(folder: Path, scale: float, turned: bool = False) -> Path:
    """A student's files; a `turned` one means something else by each component of its vectors."""
    folder.mkdir()
    contract = write_student(folder / "student.onnx", scale, turned=turned)
    (folder / "contract.json").write_text(contract.to_json())
    return folder


def test_a_student_that_means_the_same_keeps_the_champions_space(
    tmp_path: Path, trial: ValidationProbe
) -> None:
    champion, new = student(tmp_path / "champion", 1.0), student(tmp_path / "new", 2.0)
    assert contract_in(champion).digest != contract_in(new).digest
    found = keep_space(Settings(home=tmp_path), champion, trial, new, progress=False)
    assert found is not None
    assert found.shares_space
    assert found.own == found.across > 0.9
    assert contract_in(champion).digest == contract_in(new).digest, "no picture needs embedding again"
    model = hashlib.sha256((new / "student.onnx").read_bytes()).hexdigest()
    assert contract_in(new).model_digest == model


def test_a_student_that_means_something_else_gets_a_space_of_its_own(
    tmp_path: Path, trial: ValidationProbe
) -> None:
    champion, new = student(tmp_path / "champion", 1.0), student(tmp_path / "new", 1.0, turned=True)
    before = contract_in(new)
    found = keep_space(Settings(home=tmp_path), champion, trial, new, progress=False)
    assert found is not None
    assert not found.shares_space
    assert found.own > 0.9 > found.across
    assert contract_in(new) == before


def test_too_few_searches_show_nothing(tmp_path: Path, trial: ValidationProbe) -> None:
    champion, new = student(tmp_path / "champion", 1.0), student(tmp_path / "new", 2.0)
    few = PatchworkTrial(None, [], trial.items, trial.queries[:20])  # type: ignore[arg-type]
    found = keep_space(Settings(home=tmp_path), champion, few, new, progress=False)
    assert found is not None
    assert not found.shares_space
    assert np.isclose(found.own, found.across)
