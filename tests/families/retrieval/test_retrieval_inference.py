"""Retrieval's inference on a network whose answer is known: the mean colour of the picture."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper
from tiny_networks import write_network

from atelier.errors import DigestError, EmbeddingContractError, QueryError
from atelier.families.retrieval.inference import EmbeddingContract, Encoder, crop, prepare
from atelier.vocabulary import Box

SIZE = 8
COLOURS = ("red", "green", "blue")


def write_mean_colour_model(path: Path, *, unit: bool = True) -> EmbeddingContract:
    """The smallest honest network: the embedding is the normalised mean colour, the logits ten times it."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["colour"]),
        helper.make_node("LpNormalization", ["colour"], ["vector"], axis=1, p=2)
        if unit
        else helper.make_node("Identity", ["colour"], ["vector"]),
        helper.make_node("Mul", ["colour", "ten"], ["category_logits"]),
    ]
    return write_network(path, nodes, {"ten": 10.0}, size=SIZE, dimension=3, categories=COLOURS)


def contract_of(digest: str) -> EmbeddingContract:
    return EmbeddingContract(
        model_digest=digest,
        text_digest="ef" * 32,
        image_size=SIZE,
        dimension=3,
        relevance_dimension=3,
        num_buckets=64,
        categories=COLOURS,
    )


def plain(colour: tuple[int, int, int], height: int = 12, width: int = 20) -> NDArray[np.uint8]:
    return np.full((height, width, 3), colour, np.uint8)


def test_encoder_returns_unit_vectors_and_probabilities_for_pictures_of_any_size(tmp_path: Path) -> None:
    contract = write_mean_colour_model(tmp_path / "student.onnx")
    encoder = Encoder(tmp_path / "student.onnx", contract, threads=1)

    seen = encoder.encode([plain((255, 0, 0)), plain((0, 255, 255), 90, 30)])

    np.testing.assert_allclose(seen.embedding, [[1, 0, 0], [0, 0.5**0.5, 0.5**0.5]], atol=1e-5)
    np.testing.assert_allclose(seen.category_probability.sum(axis=1), 1, atol=1e-6)
    assert seen.category_probability[0].argmax() == 0
    assert seen.category_probability[0, 0] > 0.999


def test_encoder_frames_every_picture_by_its_box_or_its_plain_background(tmp_path: Path) -> None:
    contract = write_mean_colour_model(tmp_path / "student.onnx")
    encoder = Encoder(tmp_path / "student.onnx", contract, threads=1)
    clutter = np.random.default_rng(0).integers(0, 255, (10, 10, 3), np.uint8)
    street = clutter.repeat(20, axis=0).repeat(20, axis=1)
    street[60:100, 60:90] = (0, 0, 255)
    shop = plain((255, 255, 255), 200, 200)
    shop[60:100, 60:90] = (0, 0, 255)

    boxed, found, whole = encoder.encode([street, shop, street], [Box(60, 60, 90, 100), None, None]).embedding

    assert boxed[2] > 0.95
    assert found[2] > 0.9, "before a plain background the item is found without a box"
    assert whole[2] < 0.8
    with pytest.raises(QueryError):
        encoder.encode([street], [Box(300, 0, 400, 50)])


def test_no_pictures_give_no_rows(tmp_path: Path) -> None:
    contract = write_mean_colour_model(tmp_path / "student.onnx")
    seen = Encoder(tmp_path / "student.onnx", contract).encode([])
    assert seen.embedding.shape == (0, 3)
    assert seen.category_probability.shape == (0, 3)


def test_another_file_than_the_contracts_is_refused_with_both_digests(tmp_path: Path) -> None:
    path = tmp_path / "student.onnx"
    contract = write_mean_colour_model(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DigestError) as caught:
        Encoder(path, contract)
    assert str(path) in str(caught.value)
    assert contract.model_digest in str(caught.value)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in str(caught.value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"dimension": 4}, "shapes"),
        ({"categories": ("one",)}, "shapes"),
        ({"labels": ("one",)}, "shapes"),
        ({"image_size": 9}, "trial run"),
    ],
)
def test_a_contract_that_the_network_does_not_keep_is_refused(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    contract = write_mean_colour_model(tmp_path / "student.onnx")
    with pytest.raises(EmbeddingContractError, match=complaint):
        Encoder(tmp_path / "student.onnx", replace(contract, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"preprocessing": "letterbox"}, {"metric": "dot"}])
def test_a_contract_for_another_way_of_preparing_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    contract = write_mean_colour_model(tmp_path / "student.onnx")
    with pytest.raises(EmbeddingContractError, match=next(iter(change.values()))):
        Encoder(tmp_path / "student.onnx", replace(contract, **change))  # type: ignore[arg-type]


def test_embeddings_that_are_not_of_length_one_are_refused(tmp_path: Path) -> None:
    contract = write_mean_colour_model(tmp_path / "student.onnx", unit=False)
    with pytest.raises(EmbeddingContractError, match="length 1"):
        Encoder(tmp_path / "student.onnx", contract)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "student.onnx"
    path.write_bytes(b"not a network")
    digest = hashlib.sha256(b"not a network").hexdigest()
    with pytest.raises(EmbeddingContractError, match="cannot load"):
        Encoder(path, contract_of(digest))


def test_contract_survives_json_and_its_digest_names_what_makes_vectors_comparable() -> None:
    contract = replace(contract_of("ab" * 32), categories=("Tshirts", "Bücher"), labels=("Hat",))
    assert EmbeddingContract.from_json(contract.to_json()) == contract
    assert EmbeddingContract.from_json(contract.to_json()).digest == contract.digest
    variants = [
        replace(contract, model_digest="cd" * 32),
        replace(contract, dimension=64),
        replace(contract, text_digest="cd" * 32),
        replace(contract, relevance_dimension=64),
        replace(contract, space="another"),
        replace(contract, preprocessing="letterbox"),
        replace(contract, metric="dot"),
    ]
    assert len({contract.digest, *(variant.digest for variant in variants)}) == 8


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"categories": [], "colour": 1}'])
def test_text_that_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(EmbeddingContractError, match="not an embedding contract"):
        EmbeddingContract.from_json(text)


def test_prepare_squeezes_the_whole_picture_and_averages_what_it_shrinks() -> None:
    # Stripes one pixel wide: a filter that only samples would return black or white, an area filter grey.
    stripes = np.zeros((64, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    stripes[:, :320, 2] = 0
    seen = prepare(stripes, 16)
    assert seen.shape == (3, 16, 16)
    assert seen.dtype == np.float32
    assert seen.flags.c_contiguous
    np.testing.assert_allclose(seen[0], 0.5, atol=0.03)
    np.testing.assert_allclose(seen[2, :, :7], 0, atol=0.01)
    np.testing.assert_allclose(seen[2, :, 9:], 0.5, atol=0.03)


def test_prepare_spans_zero_to_one() -> None:
    assert prepare(plain((255, 0, 255)), 4)[:, 0, 0].tolist() == [1, 0, 1]


def test_crop_frames_what_of_the_box_lies_on_the_picture() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[20:60, 30:60] = 200
    assert crop(pixels, Box(30, 20, 60, 60)).mean() > 160
    np.testing.assert_array_equal(crop(pixels, Box(-50, 0, 500, 100)), crop(pixels, Box(0, 0, 100, 100)))


@pytest.mark.parametrize("box", [Box(20, 0, 30, 10), Box(0, -9, 5, 0), Box(-3, 0, -1, 5)])
def test_crop_refuses_a_box_beside_the_picture(box: Box) -> None:
    with pytest.raises(QueryError, match="20 wide and 10 high"):
        crop(np.zeros((10, 20, 3), np.uint8), box)


def test_inference_needs_no_torch() -> None:
    import subprocess

    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, atelier.families.retrieval.inference; print('torch' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "False"
