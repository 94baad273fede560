"""A network learns from views in two passes, and a student follows it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from retrieval_toys import (
    generator,
    network_of,
    rectangles,
    streets,
    student_of,
    trained,
)

from atelier.families.retrieval.distill import DistillTask
from atelier.families.retrieval.presets import debug
from atelier.families.retrieval.products import Products
from atelier.families.retrieval.task import AttributesModule, RetrievalModule, RetrievalTask
from atelier.precision import Precision


@pytest.fixture(scope="module")
def products() -> Products:
    return rectangles()


def test_the_first_pass_learns_types_and_titles_and_ends_where_the_second_begins(products: Products) -> None:
    torch.manual_seed(0)
    config = debug().teacher
    network = network_of(config)
    facts = AttributesModule(network, products.labels, config)
    losses = trained(RetrievalTask(facts, streets(), config), products, steps=60)
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    network.eval()
    with torch.inference_mode():
        text_NR = network.embed_text(torch.from_numpy(products.tokens_NT))
        frames = torch.from_numpy(products.frames_N4FF[:, :3]).float() / 255
        image_NR = network(F.interpolate(frames, (config.network.image_size,) * 2)).embedding
    found = (text_NR[:4] @ image_NR.T).argmax(1) % 4
    assert (found == torch.arange(4)).sum() >= 3, "a title finds a product of its colour"
    RetrievalModule(network, products.labels, config).load_state_dict(facts.state_dict(), strict=False)


def test_a_teacher_learns_and_its_student_follows_it(products: Products) -> None:
    torch.manual_seed(0)
    config = debug().teacher
    teacher = RetrievalModule(network_of(config), products.labels, config)
    losses = trained(RetrievalTask(teacher, streets(), config), products, steps=40)
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])

    student = student_of(teacher.network, products)
    before = student.items.prototypes_ND.clone()
    distances = []
    task = DistillTask(student, teacher.network, streets(), debug().student, Precision("no", ""))
    for steps in (1, 40):
        trained(task, products, steps)
        taught = task.prepare(products.__getitems__(list(range(8))), generator(99))
        _, parts = task.loss(student, taught)
        distances.append(parts["embedding"].item())
    assert distances[1] < distances[0]
    assert torch.equal(before, student.items.prototypes_ND), "the teacher's gallery stays as it is"
