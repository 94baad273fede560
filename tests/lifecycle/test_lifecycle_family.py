"""A family that nobody knew: two folders and one line take it from training to serving and back.

`tests/toy_family/` holds it. The one line is the list of families in the fixture.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family_runs import train_and_judge
from publish_world import accept_catalogue, crown

import atelier.families
from atelier.errors import TrainingError
from atelier.jobs.families import FAMILIES
from atelier.jobs.release.publish import publish
from atelier.jobs.release.withdraw import rollback
from atelier.lifecycle.adopt import adopt
from atelier.lifecycle.family import Family, family_named
from atelier.lifecycle.gate import gate
from atelier.lifecycle.pack import pack
from atelier.lifecycle.register import register
from atelier.lifecycle.train_pack import train_pack
from atelier.registry.store import open_registry
from atelier.release.store import live
from atelier.serving.loader import open_answerer
from atelier.settings import Settings

TOY_FAMILY = Path(__file__).parents[1] / "toy_family"


@dataclass(frozen=True)
class House:
    """A workspace with a retrieval champion, and the list of families with the toy in it."""

    settings: Settings
    toy: Family[Any]
    families: tuple[Family[Any], ...]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Any:
    settings = Settings(home=tmp_path_factory.mktemp("toy") / "home", serve_threads=1)
    accept_catalogue(settings, range(40))
    crown(settings, settings.home.parent / "champion")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            atelier.families, "__path__", [*atelier.families.__path__, str(TOY_FAMILY / "families")]
        )
        patch.syspath_prepend(str(TOY_FAMILY / "jobs"))
        from toy import TOY  # type: ignore[import-not-found]

        yield House(settings, TOY, (*FAMILIES, TOY))
        for name in [name for name in sys.modules if name.startswith("atelier.families.toy")]:
            del sys.modules[name]


def errors_of(settings: Settings) -> float:
    """The mean error of the toy that serving loads of the live release."""
    toy = open_answerer(settings, live(settings)).models["toy"]
    titles = np.asarray([[len(f"item {number}")] for number in range(40)], np.float32)
    return float(np.abs(toy.run(None, {"x": titles})[0] - 4).mean())


def test_a_new_family_is_trained_gated_released_served_and_rolled_back(house: House) -> None:
    settings, families = house.settings, house.families
    first = train_and_judge(settings, house.toy, "debug")
    assert (first.verdict.promoted, first.verdict.champion) == (True, 1)
    card = (open_registry(settings).versions("toy")[0]).digests["card.md"]
    released = publish(settings, families=families, progress=False)
    assert live(settings).files["toy/card.md"] == card
    assert publish(settings, families=families, progress=False).changed is False
    before = errors_of(settings)

    better = train_and_judge(settings, house.toy, "long")
    assert better.verdict.promoted, better.verdict.reason
    assert not train_and_judge(settings, house.toy, "debug").verdict.promoted
    assert publish(settings, families=families, progress=False).changed
    assert live(settings).models["toy"].version == 2
    assert errors_of(settings) < before
    assert rollback(settings).release_id == released.release_id
    assert errors_of(settings) == before


def test_a_new_family_is_packed_trained_elsewhere_and_adopted(house: House, tmp_path: Path) -> None:
    packed = pack(house.settings, house.toy, tmp_path / "pack", "long", progress=False)
    assert packed.family == "toy"
    digest = train_pack(tmp_path / "pack", "long", tmp_path / "trained", progress=False)
    adopted = adopt(house.settings, house.toy, tmp_path / "trained", digest)
    candidate = register(house.settings, house.toy, adopted.preset, adopted.runs, progress=False)
    verdict = gate(house.settings, house.toy, adopted.preset, candidate, progress=False)
    assert verdict.reason in ("no smaller error", "this toy model is the champion already")


def test_the_bullets_of_a_card_are_one_limit_each_however_they_are_wrapped(house: House) -> None:
    train_and_judge(house.settings, house.toy, "debug")
    registry = open_registry(house.settings)
    folder = registry.fetch(registry.versions("toy")[-1], house.settings.home / "fetched")
    limits = (folder / "card.md").read_text().partition("## Limits\n\n")[2].partition("\n\n")[0]
    assert limits == "- It knows two numbers of an item, and nothing else.\n- It is of no use."


def test_a_name_that_no_family_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(TrainingError, match="known families: detection, retrieval, outfit, ranking"):
        family_named(FAMILIES, "caption")
