"""A student is taught once, in the space that its teacher searches in."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from retrieval_toys import (
    generator,
    network_of,
    rectangles,
    streets,
    student_of,
)

from atelier.families.retrieval.distill import DistillTask, item_gallery
from atelier.families.retrieval.presets import debug
from atelier.families.retrieval.products import Products
from atelier.families.retrieval.task import RetrievalModule, learn_space
from atelier.families.retrieval.views import make_views
from atelier.precision import Mode, Precision

FLOAT32 = Precision("no", "")


@pytest.fixture(scope="module")
def products() -> Products:
    return rectangles()


def test_a_lesson_is_taught_once_and_the_same_when_it_is_lost(products: Products) -> None:
    config = debug().teacher
    teacher = RetrievalModule(network_of(config), products.labels, config)
    batch = products.__getitems__(list(range(8)))

    def task(caches_teacher_targets: bool) -> DistillTask:
        student = student_of(teacher.network, products)
        return DistillTask(
            student,
            teacher.network,
            streets(),
            debug().student,
            FLOAT32,
            caches_teacher_targets=caches_teacher_targets,
        )

    keeping, forgetting = task(True), task(False)
    asked: list[int] = []
    teacher.network.register_forward_hook(lambda *_: asked.append(1))
    first, again = (keeping.prepare(batch, generator(5)) for _ in range(2))
    assert len(asked) == 1
    assert again.lesson is first.lesson
    keeping.prepare(batch, generator(6))
    assert len(asked) == 2
    lost = forgetting.prepare(batch, generator(5))
    assert torch.equal(lost.views.pixels_V3SS, first.views.pixels_V3SS)
    assert torch.equal(lost.lesson.embedding_VD, first.lesson.embedding_VD)


@pytest.mark.parametrize("mode", ["no", "bf16"])
def test_a_student_is_taught_the_space_that_its_teacher_searches_in(products: Products, mode: Mode) -> None:
    precision = Precision(mode, "")
    config = debug().teacher
    teacher = network_of(config)
    learn_space(teacher, [products.__getitems__(list(range(8)))] * 4, streets(), config, precision)
    student = student_of(teacher, products)
    task = DistillTask(student, teacher, streets(), debug().student, precision)
    batch = products.__getitems__(list(range(8)))
    lesson = task.prepare(batch, generator(3)).lesson
    pixels = make_views(batch, streets(), config, generator(3)).pixels_V3SS
    with torch.no_grad(), precision.autocast(pixels.device):
        searched = teacher.eval()(pixels).embedding
    torch.testing.assert_close(lesson.embedding_VD.float(), searched, atol=2e-3, rtol=0)

    tokens = torch.from_numpy(products.tokens_NT[:4])
    torch.testing.assert_close(student.network.embed_text(tokens), teacher.embed_text(tokens))
    recalled = student.network.space.recall(searched)
    torch.testing.assert_close(recalled, teacher.space.recall(searched))
    torch.testing.assert_close(student.network.space(searched), searched)


def test_an_item_stands_in_the_gallery_in_the_middle_of_its_photos() -> None:
    photos = F.normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    gallery = item_gallery(photos, torch.tensor([0, 0, 2]), num_items=4)
    diagonal = 0.5**0.5
    torch.testing.assert_close(gallery, torch.tensor([[diagonal, diagonal], [0, 0], [0, -1.0], [0, 0]]))
