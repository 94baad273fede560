"""A contract's text and digest never change, for releases keep them; what is no contract is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from atelier.errors import (
    CatalogueIndexError,
    DetectionContractError,
    EmbeddingContractError,
    ModelContractError,
    OutfitContractError,
    RankingContractError,
    RegistryError,
)
from atelier.families.contract import Contract
from atelier.families.detection.inference import BoxRules, DetectionContract
from atelier.families.outfit.inference import OutfitContract
from atelier.families.ranking.config import ItemConfig
from atelier.families.ranking.inference import RankingContract
from atelier.families.retrieval.inference import EmbeddingContract

DETECTION = DetectionContract("ab", 64, 32, ("top", "é裤"), BoxRules())
OUTFIT = OutfitContract("g", "i", "dan", 4, 5, 6, 7, {"z": ("b", "a"), "a": ("裤",)}, "sp")
EMBEDDING = EmbeddingContract("m", "t", 64, 8, 16, 100, ("a", "b"), ("l",), "s")
RANKING = RankingContract("u", "s", ItemConfig(5, {"z": 3, "a": 4}), 8, 16, 5, "vd")
TEXTS: list[tuple[Contract, str]] = [
    (
        DETECTION,
        '{"categories":["top","é裤"],"close_size":32,"look_size":64,"model_digest":"ab",'
        '"preprocessing":"square-bilinear-1","rules":{"close_margin":1.5,"max_overlap":0.6,"min_score":0.2}}',
    ),
    (
        OUTFIT,
        '{"generator_digest":"g","items_digest":"i","kind":"dan","dimension":4,"image_dimension":5,'
        '"title_dimension":6,"colour_dimension":7,"facts":{"z":["b","a"],"a":["裤"]},"space":"sp"}',
    ),
    (
        EMBEDDING,
        '{"categories":["a","b"],"dimension":8,"image_size":64,"labels":["l"],"metric":"cosine",'
        '"model_digest":"m","num_buckets":100,"preprocessing":"frame-square-bilinear-1",'
        '"relevance_dimension":16,"space":"s","text_digest":"t"}',
    ),
    (
        RANKING,
        '{"dimension":8,"items":{"fact_sizes":[["z",3],["a",4]],"price_mean":4.0,"price_spread":1.0,'
        '"vector_dimension":5},"longest_history":5,"num_buckets":16,"set_digest":"s","user_digest":"u",'
        '"vectors_digest":"vd"}',
    ),
]
ERRORS: list[tuple[type[Contract], type[ModelContractError], str]] = [
    (DetectionContract, DetectionContractError, "a detection contract"),
    (OutfitContract, OutfitContractError, "the contract of an outfit model"),
    (EmbeddingContract, EmbeddingContractError, "an embedding contract"),
    (RankingContract, RankingContractError, "a ranking contract"),
]


@pytest.mark.parametrize(("contract", "text"), TEXTS)
def test_the_text_of_a_contract_is_that_of_old_releases_and_reads_back(contract: Contract, text: str) -> None:
    assert contract.to_json() == text
    for given in (text, text.encode(), json.dumps(json.loads(text), indent=2)):
        back = type(contract).from_json(given)
        assert back == contract
        assert back.to_json() == text  # the order of attributes too, which equality does not see


def test_the_digest_is_that_of_the_text_and_an_embedding_s_that_of_its_space() -> None:
    for contract, text in TEXTS:
        if contract is not EMBEDDING:
            assert contract.digest == hashlib.sha256(text.encode()).hexdigest()
    assert DETECTION.digest == "34f6bba4b537c74220de25e97de8fd40194c574ef97ffd20e6eebebe7f9620d3"
    assert EMBEDDING.digest == "6d53c309db4c3c82a26a9fc9bca79ffd91318b0536fff75e35d29f48f65cae1b"


@pytest.mark.parametrize(("kind", "error", "name"), ERRORS)
@pytest.mark.parametrize(
    "text",
    ["{", "[]", "[1]", "3", "null", "{}", '"x"', b"\xff", b"", "[" * 100_000, '{"a":' * 100_000],
    ids=lambda text: f"{text[:6]!r} of {len(text)}",
)
def test_what_is_no_contract_is_refused_in_the_family_s_own_words(
    kind: type[Contract], error: type[ModelContractError], name: str, text: str | bytes
) -> None:
    with pytest.raises(error) as caught:
        kind.from_json(text)
    assert str(caught.value).startswith(
        f"not {name}: expected a JSON object with the fields of {kind.__name__}, got {str(text)[:80]!r} ("
    )


@pytest.mark.parametrize(("contract", "text"), TEXTS)
@pytest.mark.parametrize("wrong", [None, 3, "x", [1], {"more": 1}])
def test_a_field_of_another_shape_is_refused_or_kept_but_never_another_error(
    contract: Contract, text: str, wrong: Any
) -> None:
    whole = json.loads(text)
    for changed in [{**whole, key: wrong} for key in whole]:
        try:
            type(contract).from_json(json.dumps(changed))
        except ModelContractError:
            continue


@pytest.mark.parametrize(("contract", "text"), TEXTS)
def test_an_unknown_and_a_missing_field_are_named(contract: Contract, text: str) -> None:
    whole = json.loads(text)
    with pytest.raises(ModelContractError, match="unexpected keyword argument 'more'"):
        type(contract).from_json(json.dumps({**whole, "more": 1}))
    missing = next(key for key in whole if key.endswith("digest"))
    with pytest.raises(ModelContractError, match=f"missing 1 required positional argument: '{missing}'"):
        type(contract).from_json(json.dumps({key: value for key, value in whole.items() if key != missing}))


def test_one_parent_catches_every_family_s_error_and_an_embedding_s_is_the_index_s_too() -> None:
    assert all(issubclass(error, ModelContractError) for _, error, _ in ERRORS)
    assert issubclass(ModelContractError, RegistryError)
    assert issubclass(EmbeddingContractError, CatalogueIndexError)


@dataclass(frozen=True)
class _Plain(Contract):
    """The smallest contract: two plain values."""

    description: ClassVar[str] = "a plain contract"
    error: ClassVar = ModelContractError

    b: int
    a: str


def test_a_new_family_s_contract_is_its_fields_alone() -> None:
    assert _Plain(1, "é").to_json() == '{"a":"é","b":1}'
    assert _Plain.from_json('{"b": 1, "a": "é"}') == _Plain(1, "é")
    with pytest.raises(ModelContractError, match=r"not a plain contract: .* of _Plain"):
        _Plain.from_json("{}")
