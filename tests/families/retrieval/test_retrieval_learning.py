"""From products to views to a network that learns, a student that follows, and files that serve.

The products are eight flat rectangles of different colours: a network of a few thousand weights tells them
apart after some steps, which is enough to see that views, losses and labels belong together.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from atelier.engine.task import Task
from atelier.errors import QueryError, TrainingError
from atelier.families.retrieval.augment import mirrored, street_views, tidy_views
from atelier.families.retrieval.config import AugmentConfig, NetworkConfig, RetrievalConfig
from atelier.families.retrieval.distill import DistillTask, StudentModule, item_gallery
from atelier.families.retrieval.export import export_network, load_module, save_module
from atelier.families.retrieval.inference import Encoder, TextEncoder
from atelier.families.retrieval.model import RetrievalNetwork, build_backbone
from atelier.families.retrieval.presets import PRESETS, debug
from atelier.families.retrieval.products import FRAME_SIDE, Labels, Products, product_frame
from atelier.families.retrieval.task import FactsModule, RetrievalModule, RetrievalTask, learn_space
from atelier.families.retrieval.tokens import token_ids
from atelier.families.retrieval.views import make_views
from atelier.matting import matte

COLOURS = [(200, 20, 20), (20, 160, 20), (20, 20, 200), (200, 200, 20)] * 2
COLOUR_NAMES = ["red", "green", "blue", "黄色"] * 2
NUM_LABELS = 2


def photo(number: int) -> np.ndarray:
    """A rectangle on white: the first four are tall, the others wide."""
    pixels = np.full((80, 60, 3), 255, np.uint8)
    rows, columns = (slice(10, 70), slice(20, 40)) if number < 4 else (slice(30, 50), slice(5, 55))
    pixels[rows, columns] = COLOURS[number]
    return pixels


@pytest.fixture(scope="module")
def products() -> Products:
    framed = [product_frame(photo(number), matte(photo(number))) for number in range(8)]
    number = np.arange(8)
    return Products(
        frames_N4FF=np.stack([frame for frame, _ in framed]),
        extents_N4=np.asarray([extent for _, extent in framed], np.float32),
        shopper_frames_M3FF=np.full((1, 3, FRAME_SIDE, FRAME_SIDE), 77, np.uint8),
        shopper_N=np.where(number == 3, 0, -1),
        tokens_NT=token_ids([f"{colour} rectangle" for colour in COLOUR_NAMES], num_buckets=1024),
        labelled_frames_P3FF=np.full((2, 3, FRAME_SIDE, FRAME_SIDE), 99, np.uint8),
        label_P=np.array([1, 0]),
        labels=Labels(
            item_N=number,
            cluster_N=number // 2,
            category_N=number // 4,
            attributes_NA=(number % 4)[:, None],
            categories=("tall", "wide"),
            attribute_sizes=(4,),
            title_N=number % 4,
            noun_N=number // 4,
            shopper_labels=("Hat", "Shoes"),
        ),
    )


def streets() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 255, (3, 3, 60, 40), dtype=np.uint8))


def student_of(teacher: RetrievalNetwork, products: Products) -> StudentModule:
    """An untrained student that looks for the products where the teacher sees their frames."""
    frames = torch.from_numpy(products.frames_N4FF[:, :3]).float() / 255
    with torch.inference_mode():
        seen = teacher.eval()(F.interpolate(frames, (teacher.config.image_size,) * 2)).embedding
    gallery = item_gallery(seen.clone(), torch.arange(len(seen)), len(seen))
    return StudentModule(network_of(debug().student), teacher, gallery, debug().student)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_frame_keeps_the_product_and_its_place(products: Products) -> None:
    tall, wide = products.frames_N4FF[0], products.frames_N4FF[4]
    assert tall.shape == (4, FRAME_SIDE, FRAME_SIDE)
    assert (tall[:3, 40, 40] == COLOURS[0]).all()
    assert tall[3, 40, 40] == 255
    assert tall[3, 40, 2] == 0
    assert wide[3, 3, 40] == 0
    x0, y0, x1, y1 = products.extents_N4[0]
    assert (y0, y1) == pytest.approx((-0.92, 0.92), abs=0.06)
    assert (x0, x1) == pytest.approx((-0.41, 0.41), abs=0.06)


def test_batches_carry_the_shoppers_photo_where_there_is_one(products: Products) -> None:
    batch = products.collate(products.__getitems__([3, 0]))
    assert batch.has_shopper_B.tolist() == [True, False]
    assert batch.shopper_frames_B3FF[0].unique().tolist() == [77]
    assert batch.item_B.tolist() == [3, 0]


def test_labelled_photos_ride_with_one_product_in_six(products: Products) -> None:
    batch = products.collate(products.__getitems__([5, 4, 3, 2, 1, 0]))
    assert batch.label_L.tolist() == [0], "product 5 brings photo 1"
    assert batch.labelled_frames_L3FF.unique().tolist() == [99]
    none = replace(products, label_P=products.label_P[:0]).__getitems__([0, 1, 2, 3, 4, 5])
    assert len(none.label_L) == 0


def test_views_are_pictures_and_depend_on_the_generator_alone(products: Products) -> None:
    batch, config = products.__getitems__(list(range(8))), AugmentConfig()

    def make(seed: int) -> torch.Tensor:
        return street_views(batch.frames_B4FF, batch.extents_B4, streets(), 32, config, generator(seed))

    views = make(1)
    assert views.shape == (8, 3, 32, 32)
    assert float(views.min()) >= 0
    assert float(views.max()) <= 1
    assert torch.equal(views, make(1))
    assert not torch.equal(views, make(2))


def test_a_view_without_any_wear_is_the_frame_itself(products: Products) -> None:
    still = AugmentConfig(
        tilt_degrees=0,
        zoom=0,
        shift=0,
        exposure=(1, 1),
        contrast=(1, 1),
        cast=0,
        shade=0,
        noise=0,
        blur_share=0,
    )
    frames = torch.from_numpy(products.frames_N4FF)
    views = tidy_views(frames, FRAME_SIDE, still, generator())
    middle = views[:, :, 30:50, 36:44]
    expected = frames[:, :3, 30:50, 36:44].float() / 255
    # Only the plain background's tint and the small jitter of zoom and perspective remain.
    assert float((middle - expected).abs().mean()) < 0.12


def test_mirroring_moves_the_extent_with_the_product() -> None:
    frames = torch.zeros(1, 4, 8, 8, dtype=torch.uint8)
    frames[..., :2] = 255
    flipped, extent = mirrored(
        frames, torch.tensor([[-1.0, -1, -0.5, 1]]), AugmentConfig(mirror_share=1), generator()
    )
    assert bool((flipped[..., -2:] == 255).all())
    assert extent.tolist() == [[0.5, -1, 1, 1]]


def trained(task: Task, products: Products, steps: int) -> list[float]:
    optimizer = torch.optim.AdamW(
        [weight for weight in task.module.parameters() if weight.requires_grad], lr=5e-3
    )
    losses = []
    for step in range(steps):
        batch = task.prepare(products.__getitems__(list(range(8))), generator(step))
        loss, _ = task.loss(task.module, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def network_of(config: RetrievalConfig) -> RetrievalNetwork:
    return RetrievalNetwork(config.network, 2, NUM_LABELS)


def test_the_first_pass_learns_types_and_titles_and_ends_where_the_second_begins(products: Products) -> None:
    torch.manual_seed(0)
    config = debug().teacher
    network = network_of(config)
    facts = FactsModule(network, products.labels, config)
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
    task = DistillTask(student, teacher.network, streets(), debug().student)
    for steps in (1, 40):
        trained(task, products, steps)
        taught = task.prepare(products.__getitems__(list(range(8))), generator(99))
        _, parts = task.loss(student, taught)
        distances.append(parts["embedding"].item())
    assert distances[1] < distances[0]
    assert torch.equal(before, student.items.prototypes_ND), "the teacher's gallery stays as it is"


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


def test_a_student_is_taught_the_space_that_its_teacher_searches_in(products: Products) -> None:
    config = debug().teacher
    teacher = network_of(config)
    learn_space(teacher, [products.__getitems__(list(range(8)))] * 4, streets(), config)
    student = student_of(teacher, products)
    task = DistillTask(student, teacher, streets(), debug().student)
    batch = products.__getitems__(list(range(8)))
    lesson = task.prepare(batch, generator(3)).lesson
    pixels = make_views(batch, streets(), config, generator(3)).pixels_V3SS
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
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


def test_the_onnx_file_answers_as_the_network_does(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = network_of(debug().student).eval()
    photos = F.normalize(torch.randn(2, 50, network.config.dimension), dim=-1)
    network.space.learn(photos[0], photos[1], photos[1])
    contract = export_network(network, ("tall", "wide"), ("Hat", "Shoes"), tmp_path, "student")
    encoder = Encoder(tmp_path / "student.onnx", contract)
    size = contract.image_size
    pictures = np.random.default_rng(0).integers(0, 255, (5, 3, size, size), dtype=np.uint8)
    with torch.inference_mode():
        features = network(torch.from_numpy(pictures).float() / 255)
        recall = network.space.recall(features.embedding)
        title = network.embed_text(torch.from_numpy(token_ids(["Blue 连衣裙"], 1024)))
    seen = encoder.encode_prepared((pictures / 255).astype(np.float32))
    np.testing.assert_allclose(seen.relevance, features.embedding.numpy(), atol=1e-4)
    np.testing.assert_allclose(seen.embedding, recall.numpy(), atol=1e-4)
    assert seen.embedding.shape == (5, contract.dimension)
    assert seen.category_probability.argmax(1).tolist() == features.category_logits.argmax(1).tolist()
    assert seen.label_probability.argmax(1).tolist() == features.label_logits.argmax(1).tolist()

    texts = TextEncoder(tmp_path / "text.onnx", contract)
    np.testing.assert_allclose(texts.encode(["Blue 连衣裙"]).relevance, title.numpy(), atol=1e-4)
    with pytest.raises(QueryError, match="expected words"):
        texts.encode(["blue", "?!"])


def test_weights_survive_a_round_trip_and_refuse_another_network(tmp_path: Path) -> None:
    config = debug().student.network
    network = RetrievalNetwork(config, 2)
    save_module(network, tmp_path / "weights.safetensors")
    other = RetrievalNetwork(config, 2)
    load_module(other, tmp_path / "weights.safetensors")
    assert all(
        torch.equal(own, seen)
        for own, seen in zip(network.state_dict().values(), other.state_dict().values(), strict=True)
    )
    with pytest.raises(TrainingError, match="does not hold the weights"):
        load_module(RetrievalNetwork(config, 3), tmp_path / "weights.safetensors")


def test_an_unknown_backbone_or_missing_weights_are_refused() -> None:
    with pytest.raises(TrainingError, match="timm knows no backbone 'resnet1800'"):
        build_backbone(NetworkConfig("resnet1800"))
    with pytest.raises(TrainingError, match="there is no file"):
        build_backbone(NetworkConfig("resnet18", weights="nowhere.safetensors"))


def test_local_weights_are_where_the_backbone_starts(tmp_path: Path) -> None:
    config = debug().student.network
    source = build_backbone(config)
    save_module(source, tmp_path / "backbone.safetensors")
    started = build_backbone(replace(config, weights=str(tmp_path / "backbone.safetensors")))
    assert all(
        torch.equal(own, seen)
        for own, seen in zip(source.state_dict().values(), started.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_builds_its_networks(name: str) -> None:
    preset = PRESETS[name]()
    for config in (preset.teacher, preset.student):
        network = RetrievalNetwork(config.network, 7).eval()
        size = config.network.image_size
        features = network(torch.zeros(2, 3, size, size))
        assert features.embedding.shape == (2, config.network.dimension)
        assert features.category_logits.shape == (2, 7)
    assert preset.teacher.network.dimension == preset.student.network.dimension
