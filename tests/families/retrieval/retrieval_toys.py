"""Eight flat rectangles of different colours, as products to learn from.

A network of a few thousand weights tells them apart after some steps, which is enough to see that views,
losses and labels belong together.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from atelier.engine.task import Task
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.distill import StudentModule, item_gallery
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.presets import debug
from atelier.families.retrieval.products import FRAME_SIDE, Labels, Products, product_frame
from atelier.families.retrieval.tokens import token_ids
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


def rectangles() -> Products:
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


def network_of(config: RetrievalConfig) -> RetrievalNetwork:
    return RetrievalNetwork(config.network, 2, NUM_LABELS)


def student_of(teacher: RetrievalNetwork, products: Products) -> StudentModule:
    """An untrained student that looks for the products where the teacher sees their frames."""
    frames = torch.from_numpy(products.frames_N4FF[:, :3]).float() / 255
    with torch.inference_mode():
        seen = teacher.eval()(F.interpolate(frames, (teacher.config.image_size,) * 2)).embedding
    gallery = item_gallery(seen.clone(), torch.arange(len(seen)), len(seen))
    return StudentModule(network_of(debug().student), teacher, gallery, debug().student)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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
