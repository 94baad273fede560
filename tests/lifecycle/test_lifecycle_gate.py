"""The gate of any family: what it asks, what it records, and what it leaves as it was.

One workspace serves all tests, each with a family of its own name. A version's results are one number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from publish_world import SIGNATURE, SIZE, accept_catalogue, write_student

from atelier.errors import RegistryError
from atelier.evidence import Interval
from atelier.families.training import TrainingPlan
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Contestant, Decision, Family
from atelier.lifecycle.gate import gate
from atelier.lifecycle.register import RESULTS_FILE, Registered
from atelier.registry.store import open_registry
from atelier.settings import Settings

EXAMPLE = {"pixels": np.full((1, 3, SIZE, SIZE), 0.25, np.float32)}


@dataclass(frozen=True)
class Preset:
    name: str


def nothing(*_: Any) -> Any:
    raise AssertionError("a gate asks for evidence alone")


def larger(_context: Context[Any], challenger: Contestant, champion: Contestant | None) -> Decision:
    """Promote the larger number; a first one has to be positive."""
    before = 0 if champion is None else champion.results
    gain = float(challenger.results - before)
    interval = None if champion is None else Interval(gain, gain - 1, gain + 1)
    return Decision(gain > 0, f"{challenger.name} has {challenger.results} after {before}", interval)


@dataclass(frozen=True)
class Shop:
    """A workspace to register versions in."""

    settings: Settings
    data_version: str
    folder: Path

    def family(self, name: str, **more: Any) -> Family[Preset]:
        plan = TrainingPlan({"tiny": lambda: Preset("tiny")}, (), ())
        family: Family[Preset] = Family(name, plan, nothing, nothing, larger, nothing, self.folder)
        return replace(family, **more)

    def version(
        self, family: Family[Preset], results: int, *, data: str | None = None, scale: float | None = None
    ) -> Registered:
        """Register a version with these results; another `scale` is another model."""
        registry = open_registry(self.settings)
        files_dir = self.folder / f"{family.name}-{results}-{data}-{scale}"
        files_dir.mkdir()
        write_student(files_dir / "student.onnx", float(results + 10) if scale is None else scale)
        with registry.start_run("examination", files_dir.name, {}, family=family.name) as run:
            run.json(RESULTS_FILE, results)
        made = registry.register(
            family.name,
            files_dir,
            run.ref,
            signature=SIGNATURE,
            input_example=EXAMPLE,
            card="# A number\n",
            tags={"data_version": data or self.data_version},
        )
        return Registered(made.version, run.run_id, made.files_digest, False, {}, 0.0)

    def champion(self, family: Family[Preset]) -> int | None:
        version = open_registry(self.settings).version(family.name, "champion")
        return None if version is None else version.version


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("gate")
    settings = Settings(home=folder / "home")
    return Shop(settings, accept_catalogue(settings, range(1)), folder)


def test_the_first_good_one_becomes_the_champion_and_the_verdict_is_kept(shop: Shop) -> None:
    family = shop.family("first")
    outcome = gate(shop.settings, family, "tiny", shop.version(family, 3), progress=False)
    assert (outcome.promoted, outcome.champion, outcome.reused) == (True, 1, False)
    assert (outcome.difference, outcome.low, outcome.high) == (None, None, None)
    registry = open_registry(shop.settings)
    version = registry.version("first", "champion")
    assert version is not None
    assert (version.tags["verdict"], version.tags["gate_run"]) == ("promoted", outcome.run_id)
    report = registry.read(str(outcome.run_id), "gate/report.md").decode()
    assert report == "# Gate: promoted\n\nfirst version 1: first version 1 has 3 after 0.\n"


def test_a_first_one_that_is_held_leaves_the_family_without_a_champion(shop: Shop) -> None:
    family = shop.family("held")
    outcome = gate(shop.settings, family, "tiny", shop.version(family, -1), progress=False)
    assert (outcome.promoted, outcome.champion, shop.champion(family)) == (False, None, None)


def test_a_first_one_that_is_held_is_an_error_where_releases_require_the_family(shop: Shop) -> None:
    family = shop.family("required", required=True)
    with pytest.raises(RegistryError, match=r"required version 1 is not good enough .* has -1 after 0"):
        gate(shop.settings, family, "tiny", shop.version(family, -1), progress=False)
    assert gate(shop.settings, family, "tiny", shop.version(family, 2), progress=False).promoted
    held = gate(shop.settings, family, "tiny", shop.version(family, 1), progress=False)
    assert (held.promoted, held.champion) == (False, 2), "with a champion, to be held is no error"


def test_a_better_one_takes_the_place_and_a_worse_one_does_not(shop: Shop) -> None:
    family = shop.family("second")
    gate(shop.settings, family, "tiny", shop.version(family, 3), progress=False)
    worse = gate(shop.settings, family, "tiny", shop.version(family, 1), progress=False)
    assert (worse.promoted, worse.champion, shop.champion(family)) == (False, 1, 1)
    assert (worse.difference, worse.low, worse.high) == (-2.0, -3.0, -1.0)
    better = gate(shop.settings, family, "tiny", shop.version(family, 7), progress=False)
    assert (better.promoted, better.champion, shop.champion(family)) == (True, 3, 3)


def test_the_champion_itself_is_not_judged(shop: Shop) -> None:
    family = shop.family("same")
    first = shop.version(family, 3, scale=5.0)
    gate(shop.settings, family, "tiny", first, progress=False)
    twin = shop.version(family, 2, scale=5.0)
    assert twin.digest == first.digest, "the same files, registered by another run"
    unasked = replace(family, decide=nothing)
    outcome = gate(shop.settings, unasked, "tiny", twin, progress=False)
    assert (outcome.promoted, outcome.champion, outcome.reused, outcome.run_id) == (True, 1, True, None)
    assert outcome.reason == "this same model is the champion already"


def test_a_pair_that_was_judged_on_this_data_is_not_judged_again(shop: Shop) -> None:
    asked: list[str] = []
    family = shop.family("pair", decide=_counting(asked))
    gate(shop.settings, family, "tiny", shop.version(family, 3), progress=False)
    worse = shop.version(family, 1)
    first = gate(shop.settings, family, "tiny", worse, progress=False)
    again = gate(shop.settings, family, "tiny", worse, progress=False)
    assert asked == ["pair version 1", "pair version 2"]
    assert (first.reused, again.reused) == (False, True)
    assert replace(again, reused=False, seconds=first.seconds) == first, "with its interval"


def _counting(asked: list[str]) -> Callable[..., Decision]:
    def decide(context: Context[Any], challenger: Contestant, champion: Contestant | None) -> Decision:
        asked.append(challenger.name)
        return larger(context, challenger, champion)

    return decide


def test_a_champion_of_older_data_is_examined_again(shop: Shop) -> None:
    seen: list[Path] = []

    def reexamine(context: Context[Any], files: Path) -> int:
        assert context.data_version == shop.data_version
        assert (files / "student.onnx").is_file()
        seen.append(files)
        return 9

    family = shop.family("older", reexamine=reexamine)
    first = shop.version(family, 3, data="older-data")
    open_registry(shop.settings).set_alias("older", "champion", first.model_version)
    held = gate(shop.settings, family, "tiny", shop.version(family, 5), progress=False)
    assert held.reason == "older version 2 has 5 after 9"
    assert [path.name for path in seen] == ["older-1"], "the challenger was examined on this data"


def test_a_champion_of_older_data_that_cannot_be_asked_again_has_no_results(shop: Shop) -> None:
    def decide(_context: Context[Any], _challenger: Contestant, champion: Contestant | None) -> Decision:
        assert champion is not None
        return Decision(True, f"{champion.name} has {champion.results}")

    family = shop.family("silent", decide=decide)
    first = shop.version(family, 3, data="older-data")
    open_registry(shop.settings).set_alias("silent", "champion", first.model_version)
    outcome = gate(shop.settings, family, "tiny", shop.version(family, 5), progress=False)
    assert outcome.reason == "silent version 1 has None"
