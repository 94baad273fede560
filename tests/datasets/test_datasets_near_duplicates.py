"""Nearly equal pictures are found without comparing all pairs."""

from __future__ import annotations

import numpy as np
from PIL import Image

from atelier.datasets.near_duplicates import MAX_DISTANCE, close_hashes, look_alike, near_duplicates, shrink
from atelier.pictures import decode, encode_jpeg, perceptual_hash


def test_close_hashes_are_those_of_comparing_all_pairs() -> None:
    rng = np.random.default_rng(0)
    centres = rng.integers(0, 2**64, 40, dtype=np.uint64)
    flips = np.uint64(1) << rng.integers(0, 64, (40, 5, 2), dtype=np.uint64)
    one_bit, two_bits = centres[:, None] ^ flips[..., 0], centres[:, None] ^ flips[..., 0] ^ flips[..., 1]
    hashes = np.unique(np.concatenate([one_bit, two_bits]))
    is_new = rng.random(len(hashes)) < 0.3
    slow = [
        (i, j)
        for j in range(len(hashes))
        for i in range(j)
        if int(hashes[i] ^ hashes[j]).bit_count() <= MAX_DISTANCE and (is_new[i] or is_new[j])
    ]
    assert len(slow) > 200
    assert close_hashes(hashes, is_new) == sorted(slow)


def test_close_hashes_of_no_hashes_are_none() -> None:
    assert close_hashes(np.array([], dtype=np.uint64), np.array([], dtype=bool)) == []


def scene(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (8, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((96, 128), Image.Resampling.BICUBIC))


def test_saving_again_leaves_pictures_alike_and_another_colour_does_not() -> None:
    worn = decode(encode_jpeg(scene(1), quality=50))
    assert look_alike(shrink(scene(1)), shrink(worn))
    assert not look_alike(shrink(scene(1)), shrink(scene(1)[..., ::-1].copy()))


def test_near_duplicates_are_found_among_others_and_only_with_a_new_one() -> None:
    pictures = {f"p{seed}": scene(seed) for seed in range(20)}
    pictures |= {f"copy{seed}": decode(encode_jpeg(scene(seed), quality=30)) for seed in range(20)}
    phashes = {name: perceptual_hash(pixels) for name, pixels in pictures.items()}
    differ = [n for n in range(20) if phashes[f"p{n}"] != phashes[f"copy{n}"]]
    assert differ, "quality 30 changes a bit of some hashes"
    new = {f"copy{n}" for n in differ[1:]}
    pairs = near_duplicates(phashes, new, pictures.__getitem__)
    assert pairs == sorted((f"copy{n}", f"p{n}") for n in differ[1:])
