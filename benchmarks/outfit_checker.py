"""Counts the sets that break a rule file, from the file's plain YAML and nothing of Atelier's own.

Written from docs/reference/rules.md alone: it shares no code with what makes the sets, so that a mistake
would have to be made twice to go unseen. Asked of whole columns, a rule at a time.

B = sets, P = pieces
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

Piece = dict[str, Any]


class Checker:
    """One rule file, asked about finished sets of `items` (a row an item, a column a fact)."""

    def __init__(self, path: Path, items: pd.DataFrame) -> None:
        self.rules = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.items = items
        self.slot_names = list(self.rules["slots"])

    def violations(self, items_BP: np.ndarray, slots_BP: np.ndarray) -> dict[str, int]:
        """Broken sets by rule. A place that is not filled is -1, a slot its position in the file."""
        broken = {name: int(np.sum(bad_B)) for name, bad_B in self._broken(items_BP, slots_BP)}
        return {name: count for name, count in broken.items() if count}

    def _broken(self, items_BP: np.ndarray, slots_BP: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        rules, filled_BP = self.rules, items_BP >= 0
        num_pieces = range(items_BP.shape[1])
        pairs = list(combinations(num_pieces, 2))
        yield (
            "an item twice",
            np.any([filled_BP[:, a] & (items_BP[:, a] == items_BP[:, b]) for a, b in pairs], axis=0),
        )
        yield "set", ~self._is_a_set(slots_BP)
        limits = rules.get("pieces", {})
        count_B = filled_BP.sum(1)
        yield "pieces", (count_B < limits.get("from", 1)) | (count_B > limits.get("to", 12))
        for slot, name in enumerate(self.slot_names):
            condition = {k: v for k, v in rules["slots"][name].items() if k != "at_most"}
            yield f"slot {name}", ((slots_BP == slot) & ~self._meets(condition, items_BP, slots_BP)).any(1)
        everywhere_BP = self._meets(rules.get("everywhere", {}), items_BP, slots_BP)
        yield "everywhere", (filled_BP & ~everywhere_BP).any(1)
        for number, (one, other) in enumerate(rules.get("never", [])):
            one_BP, other_BP = (filled_BP & self._meets(c, items_BP, slots_BP) for c in (one, other))
            bad = [one_BP[:, a] & other_BP[:, b] for a, b in permutations(num_pieces, 2)]
            yield f"never {number}", np.any(bad, axis=0)
        for number, need in enumerate(rules.get("needs", [])):
            given_B = (filled_BP & self._meets(need["given"], items_BP, slots_BP)).any(1)
            there_BP = slots_BP == self.slot_names.index(need["then"]["slot"])
            kept_B = there_BP.any(1) & ~(there_BP & ~self._meets(need["then"], items_BP, slots_BP)).any(1)
            yield f"needs {number}", given_B & ~kept_B
        yield from self._comparisons(items_BP, filled_BP, pairs)
        if "price" in rules:
            prices_BP = np.where(filled_BP, self._column("price", items_BP), 0.0).astype(float)
            low, high = rules["price"].get("from", 0), rules["price"].get("to", np.inf)
            total_B = prices_BP.sum(1)
            # Cents are not exact in binary: a hundredth of a cent is no violation.
            yield "price", ~((total_B >= low - 1e-4) & (total_B <= high + 1e-4))

    def _comparisons(
        self, items_BP: np.ndarray, filled_BP: np.ndarray, pairs: list[tuple[int, int]]
    ) -> Iterator[tuple[str, np.ndarray]]:
        agree = self.rules.get("agree", {})
        agree = agree if isinstance(agree, dict) else dict.fromkeys(_listed(agree))
        for fact, how in agree.items():
            neutral = _listed((how or {}).get("neutral", []))
            value_BP = self._column(fact, items_BP)
            counts_BP = filled_BP & ~_among(value_BP, neutral)
            unknown_BP = counts_BP & pd.isna(value_BP)
            different = [
                counts_BP[:, a] & counts_BP[:, b] & (value_BP[:, a] != value_BP[:, b]) for a, b in pairs
            ]
            yield f"agree {fact}", np.any(different, axis=0) | unknown_BP.any(1)
        for fact in _listed(self.rules.get("differ", [])):
            value_BP = self._column(fact, items_BP)
            known_BP = filled_BP & ~pd.isna(value_BP)
            same = [known_BP[:, a] & known_BP[:, b] & (value_BP[:, a] == value_BP[:, b]) for a, b in pairs]
            yield f"differ {fact}", np.any(same, axis=0)

    def _is_a_set(self, slots_BP: np.ndarray) -> np.ndarray:
        count_BS = np.stack([(slots_BP == slot).sum(1) for slot in range(len(self.slot_names))], axis=1)
        most_S = np.array([self.rules["slots"][name].get("at_most", 1) for name in self.slot_names])
        fits = []
        for shape in self.rules["sets"]:
            required, optional = _listed(shape["required"]), _listed(shape.get("optional", []))
            low_S = np.array([name in required for name in self.slot_names], int)
            high_S = (
                np.array([name in required or name in optional for name in self.slot_names], int) * most_S
            )
            fits.append(((count_BS >= low_S) & (count_BS <= high_S)).all(1))
        return np.any(fits, axis=0)

    def _meets(self, condition: Piece, items_BP: np.ndarray, slots_BP: np.ndarray) -> np.ndarray:
        met_BP = np.ones(items_BP.shape, dtype=bool)
        for fact, wanted in condition.items():
            if fact == "slot":
                met_BP &= slots_BP == self.slot_names.index(wanted)
                continue
            value_BP = self._column(fact, items_BP)
            if isinstance(wanted, dict) and "not" in wanted:
                met_BP &= ~pd.isna(value_BP) & ~_among(value_BP, _listed(wanted["not"]))
            elif isinstance(wanted, dict):
                number_BP = value_BP.astype(float)
                met_BP &= (number_BP >= wanted.get("from", -np.inf)) & (number_BP <= wanted.get("to", np.inf))
            else:
                met_BP &= _among(value_BP, _listed(wanted))
        return met_BP

    def _column(self, fact: str, items_BP: np.ndarray) -> np.ndarray:
        if fact not in self.items:
            return np.full(items_BP.shape, None, dtype=object)
        return self.items[fact].to_numpy(dtype=object)[items_BP]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _among(value_BP: np.ndarray, wanted: list[Any]) -> np.ndarray:
    found_BP = np.isin(value_BP.astype(str), [str(each) for each in wanted if each is not None])
    found_BP &= ~pd.isna(value_BP)
    return found_BP | pd.isna(value_BP) if None in wanted else found_BP
