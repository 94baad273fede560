"""The served ranker: sets and users to vectors, and these to log-odds of a click, on ONNX Runtime. No torch.

B = users, S = sets, W = summary, E = vector and biases
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from atelier.errors import RankingContractError
from atelier.families.contract import Contract
from atelier.families.onnx_file import open_session
from atelier.families.ranking.config import ItemConfig
from atelier.families.ranking.sets import Sets, bucket_of, profiles

if TYPE_CHECKING:
    import onnxruntime as ort

USER_FILE, SET_FILE, CONTRACT_FILE = "users.onnx", "sets.onnx", "ranking.json"
"""Their names in a model version and in a release."""
VALUES_FILE = "values.json"
"""The values of each fact, in the order of their codes; lies beside the contract."""
USER_INPUTS, SET_INPUTS, OUTPUT = (
    ("profile", "bucket"),
    ("vectors", "codes", "prices", "known"),
    "vector",
)
_AT_ONCE = 4096

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class RankingContract(Contract):
    """Inputs and outputs of a ranker's files; stored as `CONTRACT_FILE` beside them."""

    description: ClassVar[str] = "a ranking contract"
    error: ClassVar = RankingContractError
    user_digest: str
    """sha256 of the user tower's ONNX file, hexadecimal."""
    set_digest: str
    """The same of the set tower's."""
    items: ItemConfig
    dimension: int
    num_buckets: int
    longest_history: int
    """Latest clicks that a user is known by."""
    vectors_digest: str
    """Digest of the contract that the items' vectors were made by: others do not fit."""

    def to_fields(self) -> dict[str, Any]:
        """See `Contract`. Attributes keep their order, which is that of the codes."""
        sizes = list(self.items.fact_sizes.items())
        return asdict(self) | {"items": asdict(self.items) | {"fact_sizes": sizes}}

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """See `Contract`."""
        items = fields["items"] | {"fact_sizes": dict(fields["items"]["fact_sizes"])}
        return fields | {"items": ItemConfig(**items)}


class OnnxRanker:
    """The served ranker. Safe to share by threads; `threads` is what one call may use.

    DigestError: a file is another one than the contract says. RankingContractError: ONNX Runtime cannot load
    it.
    """

    def __init__(self, files_dir: Path, contract: RankingContract, threads: int = 1) -> None:
        self.contract = contract
        self._users = open_session(files_dir / USER_FILE, contract.user_digest, threads, RankingContractError)
        self._sets = open_session(files_dir / SET_FILE, contract.set_digest, threads, RankingContractError)

    def set_vectors(self, sets: Sets) -> Floats:
        """Compute the rows [S, E] of sets, once for all users. ValueError: the inputs are described
        otherwise.
        """
        trained = self.contract.items
        if sets.config != trained or list(sets.config.fact_sizes) != list(trained.fact_sizes):
            raise ValueError(
                f"these sets are described by {sets.config}, but the ranker was trained on {trained}; "
                f"describe them as its contract says"
            )
        found = [np.zeros((0, self.contract.dimension + 2), np.float32)]
        for start in range(0, len(sets), _AT_ONCE):
            pieces = sets.pieces(slice(start, start + _AT_ONCE))
            found.append(_run(self._sets, dict(zip(SET_INPUTS, pieces, strict=True))))
        return np.concatenate(found)

    def user_vectors(
        self, summaries_SW: Floats, user_ids: Sequence[str], histories: Sequence[Sequence[int]]
    ) -> Floats:
        """Compute the rows [B, E] of users, from the rows of the sets that they clicked, latest first.

        A user who clicked nothing yet, known or not, has an empty history.
        """
        longest = self.contract.longest_history
        history_BH = np.full((len(user_ids), longest), -1, np.int64)
        for number, clicked in enumerate(histories):
            history_BH[number, : len(clicked[:longest])] = clicked[:longest]
        buckets = [
            bucket_of(user_id, len(clicked), self.contract.num_buckets)
            for user_id, clicked in zip(user_ids, histories, strict=True)
        ]
        inputs = (profiles(summaries_SW, history_BH), np.array(buckets, np.int64))
        return _run(self._users, dict(zip(USER_INPUTS, inputs, strict=True)))


def scores(users_BE: Floats, sets_SE: Floats) -> Floats:
    """Compute the log-odds of a click [B, S]; a policy divides them by its temperature."""
    found: Floats = users_BE @ sets_SE.T
    return found


def write_values(path: Path, values: Mapping[str, tuple[str, ...]]) -> None:
    """Write the values of each attribute, so that `read_values` returns them in the same order."""
    path.write_text(json.dumps(list(values.items()), ensure_ascii=False) + "\n", encoding="utf-8")


def read_values(path: Path, contract: RankingContract) -> dict[str, tuple[str, ...]]:
    """Read the values of each attribute by their codes.

    RankingContractError: they are not those of the contract.
    """
    values = {fact: tuple(known) for fact, known in json.loads(path.read_text(encoding="utf-8"))}
    sizes = {fact: len(known) for fact, known in values.items()}
    if list(sizes.items()) != list(contract.items.fact_sizes.items()):
        raise RankingContractError(
            f"{path} has {sizes} values, but the ranker was trained on {dict(contract.items.fact_sizes)}; "
            f"the version is damaged, so train again"
        )
    return values


def _run(session: ort.InferenceSession, inputs: dict[str, NDArray[np.generic]]) -> Floats:
    """A graph has no input for what its network does not use, such as the codes of no facts."""
    used = {node.name for node in session.get_inputs()}
    found: Floats = session.run([OUTPUT], {name: value for name, value in inputs.items() if name in used})[0]
    return found
