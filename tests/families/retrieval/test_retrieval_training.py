"""The trainings of photo search on eight flat rectangles: what each stage takes over from the one before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from retrieval_toys import rectangles, streets
from safetensors.torch import load_file

from atelier.families.retrieval.presets import debug
from atelier.families.retrieval.training import (
    FACTS_FILE,
    TEACHER_FILE,
    Material,
    cluster_figures,
    facts_training,
    new_network,
    shrunk,
    student_training,
    teacher_training,
)
from atelier.families.retrieval.validation import Validation
from atelier.families.training import Training

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def material() -> Material:
    products = rectangles()
    size = debug().student.network.image_size
    validation = Validation(
        gallery_G3SS=shrunk(products.frames_N4FF[:, :3], size),
        gallery_item_G=np.arange(8),
        gallery_category_G=np.arange(8) // 4,
        gallery_tokens_GT=products.tokens_NT,
        gallery_title_G=np.arange(8) % 4,
        held_out_G=np.arange(8) < 4,
        queries={},
        query_items={},
        labelled_L3SS=np.zeros((0, 3, size, size), np.uint8),
        label_L=np.zeros(0, np.int64),
    )
    return Material(products, streets(), validation)


def written(training: Training, folder: Path) -> dict[str, torch.Tensor]:
    training.task.module.eval()
    training.write(folder)
    (path,) = folder.glob("*.safetensors")
    weights: dict[str, torch.Tensor] = load_file(path)
    return weights


def test_the_first_pass_begins_with_the_presets_seed(material: Material, tmp_path: Path) -> None:
    training = facts_training(material, debug(), {}, CPU)
    assert training.examples is material.products
    assert training.schedule == debug().facts_schedule
    weights = written(training, tmp_path / "facts")
    assert (tmp_path / "facts" / FACTS_FILE).is_file()
    begun = new_network(debug().teacher, material.products.labels, debug().facts_schedule.seed)
    for name, value in begun.state_dict().items():
        if name in weights:
            assert torch.equal(weights[name], value), name


def test_the_teacher_goes_on_from_the_first_pass_with_clusters_of_its_own(
    material: Material, tmp_path: Path
) -> None:
    facts = new_network(debug().teacher, material.products.labels, seed=123)
    training = facts_training(material, debug(), {}, CPU)
    training.task.module.network.load_state_dict(facts.state_dict())
    left = written(training, tmp_path / "facts")
    teacher = teacher_training(material, debug(), {"facts": tmp_path / "facts"}, CPU)
    for name, value in teacher.task.module.network.state_dict().items():
        if name in left:
            assert torch.equal(value, left[name]), name
    assert teacher.examples is not material.products, "its products have other clusters"
    assert {
        "clusters/num_clusters",
        "clusters/title_purity",
        "clusters/pixel_purity",
    } <= teacher.figures.keys()


def test_the_student_has_a_teacher_that_stays_as_it_is(material: Material, tmp_path: Path) -> None:
    teacher = teacher_training(material, debug(), {}, CPU)
    teacher.finish()
    left = written(teacher, tmp_path / "teacher")
    assert (tmp_path / "teacher" / TEACHER_FILE).is_file()
    student = student_training(material, debug(), {"teacher": tmp_path / "teacher"}, CPU)
    frozen = student.task.teacher  # type: ignore[attr-defined]
    for name, value in frozen.state_dict().items():
        if name in left:
            assert torch.equal(value.cpu(), left[name]), name
    learning = {id(part) for part in student.task.module.parameters() if part.requires_grad}
    assert not learning & {id(part) for part in frozen.parameters()}


def test_clusters_that_are_the_nouns_are_pure(material: Material) -> None:
    labels = material.products.labels
    assert labels.cluster_N.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    figures = cluster_figures(material.products)
    assert figures["clusters/num_clusters"] == 4
    assert figures["clusters/title_purity"] == 1, "each cluster has rectangles of one noun"


def test_pictures_are_resized_as_whole_numbers() -> None:
    pictures = np.zeros((1, 3, 8, 8), np.uint8)
    pictures[:, :, :, 4:] = 255
    small = shrunk(pictures, 2)
    assert small.dtype == np.uint8
    assert small.shape == (1, 3, 2, 2)
    left, right = small[0, 0, 0].tolist()
    assert left < 60
    assert right > 195
    assert np.array_equal(shrunk(pictures, 8), pictures)
