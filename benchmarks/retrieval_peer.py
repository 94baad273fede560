"""Our live release beside what one would try first: a ResNet-18 trained with cross-entropy on article types.

Both are judged on the same held-out part: article types of the test products, and searches for them in the
whole catalogue. The peer is trained here, on the training part, for `--minutes` (15 by default) on the cores
at hand; it resizes pictures and boxes to 64x64 and compares its pooled features. Ours is what is live in
ATELIER_HOME. Run it where nothing else runs.

    .venv/bin/python benchmarks/retrieval_peer.py [--minutes 15] [--json]
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import timm
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from atelier.families.retrieval.inference import prepare
from atelier.families.retrieval.metrics import rank_of_item, retrieval_metrics
from atelier.jobs.retrieval.held_out import Exam, load_exam, run_exam
from atelier.jobs.retrieval.products import item_numbers
from atelier.jobs.retrieval.queries import Query
from atelier.lifecycle.cache import in_threads
from atelier.lifecycle.context import current_version
from atelier.pictures import decode
from atelier.precision import choose_precision
from atelier.release.store import live
from atelier.serving.loader import open_answerer
from atelier.settings import Settings
from atelier.vocabulary import Photo, Split

SIZE = 64
BATCH = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=15, help="training time of the peer")
    parser.add_argument("--json", action="store_true", help="print one flat object")
    arguments = parser.parse_args()

    settings = Settings()
    exam = load_exam(settings, current_version(settings))
    ours = run_exam(
        exam, open_answerer(settings, live(settings)).encoder, progress=not arguments.json
    ).metrics
    peer = peer_metrics(exam, arguments.minutes)
    names = sorted(peer.keys() & ours.keys())
    if arguments.json:
        print(
            json.dumps(
                {f"{who}/{name}": m[name] for who, m in (("ours", ours), ("peer", peer)) for name in names}
            )
        )
        return
    print(f"{len(exam.items):,} in the gallery, {len(exam.queries):,} searches")
    print(f"{'':28}{'ours':>8}{'peer':>8}")
    for name in names:
        print(f"{name:28}{ours[name]:8.3f}{peer[name]:8.3f}")


def peer_metrics(exam: Exam, minutes: float) -> dict[str, float]:
    """Train the peer and let it sit the exam."""

    def picture(photo: Photo) -> NDArray[np.float32]:
        return prepare(decode(exam.catalogue.read(photo)), SIZE)

    pixels_G = torch.from_numpy(np.stack(in_threads(picture, exam.photos, "pictures", progress=False)))
    names = sorted({item.category for item in exam.items})
    label_G = torch.tensor([names.index(item.category) for item in exam.items])
    is_train = torch.tensor([photo.split == Split.TRAIN for photo in exam.photos])
    network = trained_network(pixels_G[is_train], label_G[is_train], len(names), minutes)
    features_GP, predicted_G = features_of(network, pixels_G)
    held_out = torch.from_numpy(exam.is_held_out)
    metrics = {"category_accuracy": float((predicted_G == label_G)[held_out].float().mean())}
    number_G = item_numbers(exam.items)
    number_of = {item.item_id: int(number) for item, number in zip(exam.items, number_G, strict=True)}
    for kind in sorted({query.kind for query in exam.queries}):
        own = [query for query in exam.queries if query.kind == kind]
        for how in ("whole", "boxed"):
            asked = [query for query in own if how == "whole" or query.box is not None]
            if not asked:
                continue
            queries = torch.from_numpy(np.stack([query_picture(query, how == "boxed") for query in asked]))
            query_numbers = np.asarray([number_of[query.item_id] for query in asked])
            ranks = rank_of_item(features_of(network, queries)[0], features_GP, query_numbers, number_G)
            metrics |= {f"{kind}/{how}/{name}": value for name, value in retrieval_metrics(ranks).items()}
    return metrics


def trained_network(pixels: Tensor, labels: Tensor, num_classes: int, minutes: float) -> nn.Module:
    """The usual recipe: random crops and flips, AdamW, one cosine, until the time is over."""
    torch.manual_seed(0)
    network = timm.create_model("resnet18", num_classes=num_classes).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    start, share = time.perf_counter(), 0.0
    while share < 1:
        for rows in torch.randperm(len(pixels)).split(BATCH):
            share = (time.perf_counter() - start) / (60 * minutes)
            if share >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = 2e-3 * (1 + np.cos(np.pi * share)) / 2
            loss = F.cross_entropy(predict(network, augmented(pixels[rows])), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


def augmented(pixels: Tensor) -> Tensor:
    """A shift of up to six pixels, and a flip for half of the batch."""
    padded = F.pad(pixels, (6, 6, 6, 6), mode="replicate")
    top, left = torch.randint(13, (2,)).tolist()
    shifted = padded[..., top : top + SIZE, left : left + SIZE]
    flip = torch.rand(len(pixels)) < 0.5
    return torch.where(flip[:, None, None, None], shifted.flip(-1), shifted)


def predict(network: nn.Module, pixels: Tensor) -> Tensor:
    with choose_precision("auto", pixels.device).autocast(pixels.device):
        return network(((pixels - 0.5) / 0.25).contiguous(memory_format=torch.channels_last)).float()


@torch.inference_mode()
def features_of(network: nn.Module, pixels: Tensor) -> tuple[NDArray[np.float32], Tensor]:
    """Unit rows of pooled features, and the predicted classes."""
    features, classes = [], []
    for part in pixels.split(256):
        maps = network.forward_features((part - 0.5) / 0.25)
        pooled = network.forward_head(maps, pre_logits=True)
        features.append(F.normalize(pooled))
        classes.append(network.get_classifier()(pooled).argmax(1))
    return torch.cat(features).numpy(), torch.cat(classes)


def query_picture(query: Query, boxed: bool) -> NDArray[np.float32]:
    pixels = query.pixels()
    if boxed and query.box is not None:
        x0, y0, x1, y1 = (max(0, round(edge)) for edge in query.box.as_tuple())
        pixels = pixels[y0 : max(y0 + 1, y1), x0 : max(x0 + 1, x1)]
    return prepare(np.ascontiguousarray(pixels), SIZE)


if __name__ == "__main__":
    main()
