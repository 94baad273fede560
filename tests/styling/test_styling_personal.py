"""Whom sets are made for: the ranker of a release, asked about sets that it has never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from atelier.delivery.sets import SetTable
from atelier.errors import NoReleaseError, RegistryError
from atelier.families.ranking.config import ItemConfig, NetworkConfig
from atelier.families.ranking.export import export_network
from atelier.families.ranking.inference import OnnxRanker, read_values, scores, write_values
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.sets import Sets
from atelier.index.schema import IndexVersion
from atelier.index.verify import Verification
from atelier.release.manifest import Release
from atelier.settings import Settings
from atelier.styling.personal import ReleasedRanker, UserTaste

COLOURS = ("Blue", "Red")
FACTS = pa.table(
    {
        "item_id": ["a", "b", "c", "d"],
        "colour": ["Red", "Blue", "Mauve", None],
        "price": [10.0, None, 30.0, 40.0],
    }
)
CODES = np.array([[2], [1], [0], [0]])
PRICES = np.array([10, np.nan, 30, 40], np.float32)
VECTORS = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float16)
ITEMS = ItemConfig(8, {"colour": 2}, price_mean=3.0, price_spread=0.5)


@pytest.fixture(scope="module")
def ranker(tmp_path_factory: pytest.TempPathFactory) -> OnnxRanker:
    torch.manual_seed(0)
    network = RankingNetwork(NetworkConfig(ITEMS, dimension=8, width=16))
    folder = tmp_path_factory.mktemp("ranker")
    contract = export_network(network, folder, longest_history=10, vectors_digest="")
    return OnnxRanker(folder, contract)


def sets_of(rows: list[list[int]]) -> Sets:
    return Sets(ITEMS, VECTORS.astype(np.float32), CODES, PRICES, np.array(rows))


def known(ranker: OnnxRanker) -> SetTable:
    sets = sets_of([[0, 1], [2, 3]])
    return SetTable(
        *(ranker.contract.digest, ("o0", "o1"), (("a", "b"), ("c", "d")), ("expert", "expert")),
        *(np.ones(2, bool), np.zeros(2), np.zeros(2, np.int64)),
        *(ranker.set_vectors(sets), sets.summaries),
    )


def test_sets_that_are_new_to_a_ranker_are_judged_as_those_it_knows(ranker: OnnxRanker) -> None:
    taste = UserTaste(ranker, {"colour": COLOURS}, known(ranker), {"ann": ["o1", "gone", "o0"]})
    made = np.array([[3, 0, 2], [1, 2, -1], [0, 1, -1]])
    likings_B = taste.likings("ann", FACTS, VECTORS, made)
    table = known(ranker)
    user_1E = ranker.user_vectors(table.summaries_SW, ["ann"], [[1, 0]])
    log_odds_B = scores(user_1E, ranker.set_vectors(sets_of(made.tolist())))[0]
    np.testing.assert_allclose(likings_B, 1 / (1 + np.exp(-log_odds_B)), rtol=1e-4)
    stranger_B = taste.likings("bob", FACTS, VECTORS, made)
    assert np.abs(stranger_B - likings_B).max() > 1e-3
    np.testing.assert_array_equal(stranger_B, taste.likings("eve", FACTS, VECTORS, made))


def test_values_of_another_ranker_are_refused(ranker: OnnxRanker, tmp_path: Path) -> None:
    write_values(tmp_path / "values.json", {"colour": COLOURS})
    assert read_values(tmp_path / "values.json", ranker.contract) == {"colour": COLOURS}
    write_values(tmp_path / "values.json", {"colour": (*COLOURS, "Mauve")})
    with pytest.raises(RegistryError, match="the version is damaged"):
        read_values(tmp_path / "values.json", ranker.contract)


def test_a_release_without_a_ranker_says_what_to_do(tmp_path: Path) -> None:
    index = IndexVersion("catalogue", "catalogue-0", 1, 4, "", "", "", "flat")
    release = Release("r1", "", "", {}, index, Verification(4, 1, 0, 1.0, None, 0.0, None, None), {})
    with pytest.raises(NoReleaseError, match=r"has no ranker.* ask for sets without a user"):
        ReleasedRanker.open(Settings(home=tmp_path), release)


def test_a_ranker_of_known_sets_alone_cannot_judge_new_ones(ranker: OnnxRanker) -> None:
    index = IndexVersion("catalogue", "catalogue-0", 1, 4, "", "", "", "flat")
    release = Release("r1", "", "", {}, index, Verification(4, 1, 0, 1.0, None, 0.0, None, None), {})
    with pytest.raises(NoReleaseError, match=r"sets of feeds alone.* ask for sets without a user"):
        UserTaste.of(ReleasedRanker(ranker, known(ranker), {}, None), release)
