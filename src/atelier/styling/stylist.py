"""Makes sets from the items of one release, under its rules."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from atelier.errors import DigestError, NoReleaseError, QueryError, RulesError
from atelier.families.outfit.assembly import Assembler, Sets
from atelier.families.outfit.inference import (
    CONTRACT_FILE,
    ITEM_VECTORS_FILE,
    RULES_FOLDER,
    OnnxGenerator,
    OutfitContract,
)
from atelier.families.outfit.picking import Assembly
from atelier.families.outfit.pool import Floats, Ints, Pool
from atelier.families.outfit.questions import compatibility
from atelier.index.store import read_facts, read_relevance
from atelier.release.manifest import Release
from atelier.release.store import folder_of, require_file
from atelier.rules.arrow import attributes_of
from atelier.rules.file import load_rules
from atelier.rules.graph import compile_rules
from atelier.rules.rules import Rules
from atelier.settings import Settings
from atelier.styling.personal import ReleasedRanker, UserTaste

FAMILY = "outfit"
MAX_SETS, MAX_TRIGGERS = 100, 8
Relevance = Callable[[], NDArray[np.float16]]
"""Reads the relevance vectors of a stylist's items."""
_MADE_FOR_EACH = 8
"""Sets that are made for each one that is wanted: from these, good ones that differ are chosen."""
_MADE_FOR_A_USER = 32
"""The same for a user, who then gets the most liked of the better half."""
_TEMPERATURE = 0.02
"""Of the draw of each piece among the best, which are four, or an eighth as many as the sets made."""


@dataclass(frozen=True)
class Wishes:
    """Preferences among the sets that the rules allow."""

    num: int = 1
    variety: float = 0.0
    """Within a set: how far pieces are held apart, in cosines; 0 takes what goes together best."""
    most_shared: int = 1
    """Across sets: pieces besides the triggers that two sets may share, as long as there are others."""
    seed: int = 0
    user: str | None = None
    """Whom the sets are for: of good ones, those that this user probably clicks."""

    def __post_init__(self) -> None:
        if not 1 <= self.num <= MAX_SETS:
            raise QueryError(f"k: expected 1 to {MAX_SETS} sets, got {self.num}")


BEST = Wishes()


@dataclass(frozen=True)
class SetPiece:
    """An item in its place."""

    slot: str
    item_id: str


@dataclass(frozen=True)
class MadeSet:
    """A complete set, the triggers first."""

    pieces: tuple[SetPiece, ...]
    score: float
    """How well its pieces go together: the mean cosine of each with what the others ask for."""
    liking: float | None = None
    """How likely the user it was made for is to click it, 0 to 1."""


class _Judged(NamedTuple):
    """Sets that were made, and what is thought of them."""

    sets: Sets
    scores_B: NDArray[np.float64]
    likings_B: NDArray[np.float64] | None

    def better_half(self) -> _Judged:
        """Select the most compatible half, before likings are computed."""
        best = np.sort(np.argsort(-self.scores_B, kind="stable")[: -(-len(self.scores_B) // 2)])
        return _Judged(Sets(self.sets.items_BP[best], self.sets.slots_BP[best]), self.scores_B[best], None)


class Stylist:
    """One release's generator, rules and items. Safe to share by threads."""

    def __init__(
        self,
        settings: Settings,
        release: Release,
        facts: pa.Table,
        relevance: Relevance,
        *,
        generator: OnnxGenerator | None = None,
        taste: UserTaste | None = None,
    ) -> None:
        """`facts`: those of the items that sets are made of, as the release's index has them; `relevance`
        gives these items' relevance vectors, and is asked when sets are first made for a user.
        `generator`, `taste`: those of the release, where they are open already; without a `taste` it is
        opened when sets are first made for a user.

        NoReleaseError: the release has no outfit model. DigestError: a file of it was changed. RulesError:
        a file of rules is wrong.
        """
        if FAMILY not in release.models:
            raise NoReleaseError(
                f"release {release.release_id} makes no sets: no outfit model passed its gate with this "
                f"retrieval model. Ingest a drop with outfits; `atelier retrain` then trains one"
            )
        required = partial(require_file, settings, release, FAMILY)
        contract = OutfitContract.from_json(required(CONTRACT_FILE).read_bytes())
        folder = folder_of(settings, release, FAMILY)
        self.generator = generator or OnnxGenerator(folder, contract, threads=settings.serve_threads)
        self.rules_paths = {
            Path(name).stem: required(name)
            for name in release.files_of(FAMILY)
            if name.startswith(f"{RULES_FOLDER}/")
        }
        self._rules = {name: load_rules(path) for name, path in self.rules_paths.items()}
        self.item_ids: list[str] = facts["item_id"].to_pylist()
        self.vectors_ND = _vectors(required(ITEM_VECTORS_FILE), self.item_ids)
        self.facts = facts
        self.release = release
        self._settings = settings
        self._relevance = cache(relevance)
        self._opened_taste = taste
        self._facts = attributes_of(facts)
        self._row_of = {item_id: row for row, item_id in enumerate(self.item_ids)}
        self._assemblers: dict[str, Assembler] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, settings: Settings, release: Release, where: str | None = None) -> Stylist:
        """Open all items of the release's index, or those that an SQL condition on their attributes selects.

        QueryError: the condition is wrong, or names no item.
        """
        relevance = partial(read_relevance, settings, release.index, where)
        return cls(settings, release, read_facts(settings, release.index, where), relevance)

    def make(self, item_ids: Sequence[str], rules: str | Rules, wishes: Wishes = BEST) -> list[MadeSet]:
        """Make sets around trigger items, best first; all of them stand in each.

        Fewer than wished where the pool holds no more. The same wishes get the same sets.
        QueryError: an item is unknown or named twice, or there are too many. RulesError: there are no such
        rules, or no set that keeps them holds these items. NoReleaseError: they are wished for a user, and
        the release has no ranker.
        """
        triggers = self._rows(item_ids)
        assembler = self.assembler(rules)
        seed = int.from_bytes(hashlib.sha256(repr((tuple(item_ids), wishes)).encode()).digest()[:8])
        num = wishes.num * (_MADE_FOR_EACH if wishes.user is None else _MADE_FOR_A_USER)
        wanted = Assembly(num_best=max(4, num // 8), temperature=_TEMPERATURE, variety=wishes.variety)
        made = assembler.anew(wanted, seed).make(np.tile(triggers, (num, 1)))
        if not len(made.items_BP):
            raise RulesError(self._why_not(item_ids, assembler))
        judged = self._judged(made, wishes.user)
        preferred_B = judged.scores_B if judged.likings_B is None else judged.likings_B
        chosen = _different(judged.sets.items_BP, preferred_B, len(triggers), wishes)
        return [self._shown(judged, row, assembler.graph.rules) for row in chosen]

    def _judged(self, made: Sets, user: str | None) -> _Judged:
        judged = _Judged(made, compatibility(self.generator, self.vectors_ND, made.items_BP), None)
        if user is None:
            return judged
        judged = judged.better_half()
        likings_B = self._taste.likings(user, self.facts, self._relevance(), judged.sets.items_BP)
        return judged._replace(likings_B=likings_B)

    def _shown(self, judged: _Judged, row: int, rules: Rules) -> MadeSet:
        placed = zip(judged.sets.items_BP[row], judged.sets.slots_BP[row], strict=True)
        return MadeSet(
            tuple(
                SetPiece(rules.slots[slot].name, self.item_ids[item]) for item, slot in placed if item >= 0
            ),
            float(judged.scores_B[row]),
            None if judged.likings_B is None else float(judged.likings_B[row]),
        )

    @cached_property
    def _taste(self) -> UserTaste:
        opened = self._opened_taste
        return opened or UserTaste.of(ReleasedRanker.open(self._settings, self.release), self.release)

    def assembler(self, rules: str | Rules) -> Assembler:
        """Return the assembler for rules, named as in the release or given; compiled once for a name.

        RulesError: there are no rules of this name.
        """
        if isinstance(rules, Rules):
            return self._compiled(rules)
        if rules not in self.rules_paths:
            raise RulesError(
                f"rules: expected one of {', '.join(sorted(self.rules_paths))}, got {rules[:60]!r}"
            )
        with self._lock:
            if rules not in self._assemblers:
                self._assemblers[rules] = self._compiled(self._rules[rules])
            return self._assemblers[rules]

    def attributes_of(self, item_id: str) -> dict[str, Any]:
        """Return the attributes of one item of the release's index."""
        row: dict[str, Any] = self.facts.slice(self._row_of[item_id], 1).to_pylist()[0]
        return row

    def rules_text(self, name: str) -> str:
        """Read the text of rules by the name that the release has for them, or of a file.

        RulesError: it is neither.
        """
        path = self.rules_paths.get(name, Path(name))
        if not path.is_file():
            known = ", ".join(sorted(self.rules_paths))
            raise RulesError(f"rules: expected a file or one of {known}; {name[:80]!r} is neither")
        return path.read_text(encoding="utf-8")

    def _compiled(self, rules: Rules) -> Assembler:
        pool = Pool(compile_rules(rules, self._facts), self.vectors_ND)
        if not len(pool):
            raise RulesError(
                f"{rules.name}: no item of release {self.release.release_id} fits any slot; "
                f"`atelier rules check` says which conditions leave nothing"
            )
        return Assembler(pool, self.generator, Assembly())

    def _rows(self, item_ids: Sequence[str]) -> Ints:
        if not 1 <= len(item_ids) <= MAX_TRIGGERS or len(set(item_ids)) < len(item_ids):
            raise QueryError(f"items: expected 1 to {MAX_TRIGGERS} different ids, got {list(item_ids)[:12]}")
        unknown = [item_id for item_id in item_ids if item_id not in self._row_of]
        if unknown:
            raise QueryError(f"items: release {self.release.release_id} has no item {unknown[0][:80]!r}")
        return np.array([self._row_of[item_id] for item_id in item_ids])

    def _why_not(self, item_ids: Sequence[str], assembler: Assembler) -> str:
        rules, pool = assembler.graph.rules, assembler.pool
        outside = [item_id for item_id in item_ids if pool.row_N[self._row_of[item_id]] < 0]
        if outside:
            return (
                f"{rules.name}: {outside[0]} fits no slot; the slots are "
                f"{', '.join(slot.name for slot in rules.slots)}"
            )
        return (
            f"{rules.name}: no set of these items keeps the rules: {', '.join(item_ids)}. "
            f"`atelier rules check` shows which sets can be made"
        )


def _different(
    items_BP: Ints, preferred_B: NDArray[np.float64], num_triggers: int, wishes: Wishes
) -> list[int]:
    """Rows of the best sets that differ: no two share too many pieces, unless there are too few others."""
    order = np.argsort(-preferred_B, kind="stable")
    pieces = [frozenset(row[num_triggers:][row[num_triggers:] >= 0].tolist()) for row in items_BP]
    chosen: list[int] = []
    for allowed in range(wishes.most_shared, items_BP.shape[1] + 1):
        for row in order:
            is_new = all(pieces[row] != pieces[other] for other in chosen)
            differs = all(len(pieces[row] & pieces[other]) <= allowed for other in chosen)
            if len(chosen) < wishes.num and is_new and differs:
                chosen.append(int(row))
    return sorted(chosen, key=lambda row: -preferred_B[row])


def _vectors(path: Path, item_ids: Sequence[str]) -> Floats:
    """The vectors of a release's items in the order of its index, which may have lost items since."""
    table = pq.read_table(path)
    row = {item_id: number for number, item_id in enumerate(table["item_id"].to_pylist())}
    flat = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    vectors_ND = flat.reshape(table.num_rows, -1)
    try:
        return np.asarray(vectors_ND[[row[item_id] for item_id in item_ids]], np.float32)
    except KeyError as error:
        raise DigestError(
            f"{path}: has no vector of item {error}; publish anew with `atelier publish`"
        ) from error
