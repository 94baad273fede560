"""Measures label accuracy on real shoppers' photos that have a label and no item."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.families.retrieval.inference import Encoder
from atelier.jobs.retrieval.scoring import embed
from atelier.vocabulary import Split


def user_photo_metrics(catalogue: Catalogue, encoder: Encoder, progress: bool = True) -> dict[str, float]:
    """Compute `user_photos/label_accuracy` over the test senders' whole photos, with its 95 % interval.

    No metrics where the catalogue has no such photos, or the network knows no labels.
    """
    test = catalogue.labelled_photos(Split.TEST)
    return label_metrics(encoder, [(catalogue.read(photo), str(photo.category)) for photo in test], progress)


def label_metrics(
    encoder: Encoder, asked: Sequence[tuple[bytes, str]], progress: bool = True
) -> dict[str, float]:
    """Compute the same over any encoded pictures with labels; an unknown label counts as missed."""
    names = encoder.contract.labels
    if not names or not asked:
        return {}
    encoded = embed(encoder, [(data, None) for data, _ in asked], "user photos", progress)
    best = encoded.label_probability.argmax(axis=1)
    right = [names[index] == label for index, (_, label) in zip(best, asked, strict=True)]
    low, high = wilson_interval(sum(right), len(right))
    return {
        "user_photos/label_accuracy": float(np.mean(right)),
        "user_photos/label_accuracy_low": low,
        "user_photos/label_accuracy_high": high,
        "user_photos/num_photos": float(len(right)),
        "user_photos/num_labels": float(len(names)),
    }


def wilson_interval(num_right: int, num: int) -> tuple[float, float]:
    """Compute the 95 % interval of a share (Wilson 1927), too narrow where one sender's photos are alike."""
    z = 1.959964
    share, spread = num_right / num, z * z / num
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / num + spread / (4 * num)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)
