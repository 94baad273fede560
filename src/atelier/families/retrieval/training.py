"""Builds the trainings of the retrieval family: a teacher in two stages, then the distilled student.

N = catalogue photos, M = street photos, P = products
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from atelier.families.retrieval.clusters import ClusterSpread, look_alike_clusters, title_purity
from atelier.families.retrieval.config import RetrievalConfig, RetrievalPreset
from atelier.families.retrieval.distill import DistillTask, StudentModule, item_gallery
from atelier.families.retrieval.export import export_network, load_module
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.products import Labels, Products
from atelier.families.retrieval.task import AttributesModule, RetrievalModule, RetrievalTask, learn_space
from atelier.families.retrieval.validation import Predictions, Validation, embed_all
from atelier.families.training import Training, Weights
from atelier.precision import Precision, choose_precision

TEACHER_FILE = "teacher.safetensors"
"""What a student learns from."""
FACTS_FILE = "facts.safetensors"
"""What the first pass leaves for the second."""
_SPACE_PRODUCTS = 4096
"""Products that the space is learned on, at most: thrice as many change recall by less than 0.01."""
_SPACE_BATCH = 256
_SHRUNK_AT_ONCE = 1024


@dataclass(frozen=True)
class Material:
    """Training and validation data of a retrieval network."""

    products: Products
    streets_M3HW: torch.Tensor
    validation: Validation


def facts_training(
    material: Material, preset: RetrievalPreset, weights: Weights, device: torch.device
) -> Training:
    """Prepare the teacher's first pass: article types, other attributes, titles, shoppers' labels."""
    del weights  # the first stage of all
    material, labels = _on(device, material), material.products.labels
    network = new_network(preset.teacher, labels, preset.facts_schedule.seed)
    module = AttributesModule(network, labels, preset.teacher)
    return Training(
        task=RetrievalTask(module, material.streets_M3HW, preset.teacher, material.validation),
        examples=material.products,
        schedule=preset.facts_schedule,
        write=lambda folder: write_network(folder, network, labels, "facts"),
    )


def teacher_training(
    material: Material, preset: RetrievalPreset, weights: Weights, device: torch.device
) -> Training:
    """Prepare the second pass: from the first one's weights, with its clusters of look-alikes.

    Without weights of 'facts' it starts from scratch and clusters by features that mean nothing: for timing.
    """
    material = _on(device, material)
    network = new_network(preset.teacher, material.products.labels, preset.teacher_schedule.seed)
    if "facts" in weights:
        load_module(network, weights["facts"] / FACTS_FILE)
    network.to(device)
    precision = choose_precision(preset.teacher_schedule.precision, device)
    products = clustered(material.products, network, preset.teacher, precision)
    module = RetrievalModule(network, products.labels, preset.teacher)
    return Training(
        task=RetrievalTask(module, material.streets_M3HW, preset.teacher, material.validation),
        examples=products,
        schedule=preset.teacher_schedule,
        finish=lambda: learn_space_of(network, material, preset.teacher, precision),
        write=lambda folder: write_network(folder, network, products.labels, "teacher"),
        figures=cluster_figures(products),
    )


def student_training(
    material: Material, preset: RetrievalPreset, weights: Weights, device: torch.device
) -> Training:
    """Prepare the student, to be distilled from the teacher; an untrained teacher does for timing."""
    material, labels = _on(device, material), material.products.labels
    teacher = new_network(preset.teacher, labels, seed=0)
    if "teacher" in weights:
        load_module(teacher, weights["teacher"] / TEACHER_FILE)
    teacher.to(device)
    precision = choose_precision(preset.student_schedule.precision, device)
    network = new_network(preset.student, labels, preset.student_schedule.seed)
    seen_PD = torch.from_numpy(_seen_by(teacher, material.products, precision).embedding_ND)
    gallery_ND = item_gallery(seen_PD, torch.from_numpy(labels.item_N), labels.num_items)
    module = StudentModule(network, teacher, gallery_ND, preset.student)
    return Training(
        task=DistillTask(
            module,
            teacher,
            material.streets_M3HW,
            preset.student,
            precision,
            material.validation,
            caches_teacher_targets=preset.student_schedule.distinct_epochs is not None,
        ),
        examples=material.products,
        schedule=preset.student_schedule,
        write=lambda folder: write_network(folder, network, labels, "student"),
    )


def new_network(config: RetrievalConfig, labels: Labels, seed: int) -> RetrievalNetwork:
    """Build an untrained network for these labels; the same for a seed."""
    torch.manual_seed(seed)
    return RetrievalNetwork(config.network, len(labels.categories), len(labels.shopper_labels))


def clustered(
    products: Products, network: RetrievalNetwork, config: RetrievalConfig, precision: Precision
) -> Products:
    """Cluster the products into look-alikes by the network's penultimate features of their frames."""
    cluster_N = look_alike_clusters(
        _seen_by(network, products, precision).pooled_NP,
        products.labels.category_N,
        config.items_per_cluster,
        config.cluster_size_factor,
    )
    return replace(products, labels=replace(products.labels, cluster_N=cluster_N))


def _seen_by(network: RetrievalNetwork, products: Products, precision: Precision) -> Predictions:
    """What a network says of every product's catalogue photo, in their order."""
    network.eval()
    size = network.config.image_size
    starts = range(0, len(products), _SHRUNK_AT_ONCE)
    shown = (shrunk(products.frames_N4FF[start : start + _SHRUNK_AT_ONCE, :3], size) for start in starts)
    outputs = []
    for pictures in shown:
        with precision.autocast(network.mean.device):
            outputs.append(embed_all(network, pictures))
    return Predictions(*(np.concatenate(parts) for parts in zip(*outputs, strict=True)))


def cluster_figures(products: Products) -> dict[str, float]:
    """Compute the size statistics of the clusters, and the share of cluster-mates with the same noun.

    `clusters/pixel_purity` is the purity of clusters of the same sizes made of mere 8x8 thumbnails.
    """
    labels = products.labels
    spread = asdict(ClusterSpread.of(labels.cluster_N))
    starts = range(0, len(products), _SHRUNK_AT_ONCE)
    thumbnails = [shrunk(products.frames_N4FF[start : start + _SHRUNK_AT_ONCE, :3], 8) for start in starts]
    pixels_ND = np.concatenate(thumbnails).reshape(len(products), -1).astype(np.float32)
    mean_size = max(1, round(len(products) / spread["num_clusters"]))
    by_pixels_N = look_alike_clusters(pixels_ND, labels.category_N, mean_size)
    return {f"clusters/{name}": float(value) for name, value in spread.items()} | {
        "clusters/title_purity": title_purity(labels.cluster_N, labels.noun_N),
        "clusters/pixel_purity": title_purity(by_pixels_N, labels.noun_N),
    }


def shrunk(pictures_N3FF: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize square pictures, uint8 [N, 3, size, size]."""
    pixels = torch.from_numpy(np.ascontiguousarray(pictures_N3FF)).float()
    resized = F.interpolate(pixels, (size, size), mode="bilinear", antialias=True, align_corners=False)
    return resized.round().clamp(0, 255).to(torch.uint8).numpy()


def learn_space_of(
    network: RetrievalNetwork, material: Material, config: RetrievalConfig, precision: Precision
) -> None:
    """Learn the network's space from a sample of its training data."""
    products, where = material.products, network.mean.device
    order = torch.randperm(len(products), generator=torch.Generator().manual_seed(0))
    batches = (
        products.__getitems__(rows.tolist()).to(where) for rows in order[:_SPACE_PRODUCTS].split(_SPACE_BATCH)
    )
    learn_space(network, batches, material.streets_M3HW, config, precision)


def write_network(folder: Path, network: RetrievalNetwork, labels: Labels, name: str) -> None:
    """Write a trained network: safetensors, ONNX, contract."""
    export_network(network, labels.categories, labels.shopper_labels, folder, name)


def _on(device: torch.device, material: Material) -> Material:
    """With its streets where views are made: they are the same at every step, and 200 MB to copy."""
    return replace(material, streets_M3HW=material.streets_M3HW.to(device))
