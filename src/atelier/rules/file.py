"""Reads a rule file: YAML in, `Rules` out, every mistake with file, line and place.

The format is described in docs/reference/rules.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from atelier.errors import RulesError
from atelier.places import LeftOut, own_files, require_file
from atelier.rules.conditions import NUMBER_FACTS, TEXT_FACTS, AnyOf, Between, Condition, NoneOf, Test
from atelier.rules.document import Value, parse_document, read_document
from atelier.rules.rules import (
    MAX_PIECES,
    Agree,
    Differ,
    Limits,
    Needs,
    Never,
    Relation,
    Rules,
    Shape,
    Slot,
)

READY_DIR = Path(__file__).with_name("ready")
_KEYS = (
    "name",
    "slots",
    "sets",
    "everywhere",
    "never",
    "needs",
    "agree",
    "differ",
    "pieces",
    "price",
    "unknown",
)
_FACTS = TEXT_FACTS + NUMBER_FACTS


def ready_made() -> dict[str, Path]:
    """List the rule files that come with Atelier, by name: 'womens-wear', 'bedroom'."""
    return {path.stem: path for path in sorted(READY_DIR.glob("*.yaml"))}


@dataclass(frozen=True)
class OwnRules:
    """The rules of an operator's folder, and its broken files."""

    paths: Mapping[str, Path]
    """Name -> rule file that can be read."""
    left_out: Mapping[str, LeftOut]
    """Name -> why its file cannot."""


def own_rules(folder: Path) -> OwnRules:
    """Load the rule files in a folder; never raises, so that one bad file does not affect the others."""
    good: dict[str, Path] = {}
    left_out: dict[str, LeftOut] = {}
    try:
        paths = own_files(folder, ".yaml")
    except OSError as error:
        return OwnRules({}, {"": LeftOut.because(folder, error)})
    for path in paths:
        try:
            require_file(path)
            load_rules(path)
        except Exception as error:  # whatever is wrong with it, it is this file's fault alone
            left_out[path.stem] = LeftOut.because(path, error)
        else:
            good[path.stem] = path
    return OwnRules(good, left_out)


def find_rules(name: str) -> Rules:
    """Find the ready-made rules of this name, or those in the file of this path. RulesError: neither, or
    wrong.
    """
    path = ready_made().get(name, Path(name))
    if not path.exists():
        raise RulesError(
            f"'{name}' is neither a file nor one of the ready-made rules ({', '.join(ready_made())})"
        )
    return load_rules(path)


def load_rules(path: Path) -> Rules:
    """Load the rules in a file. RulesError names what is wrong and where."""
    return _rules(read_document(path))


def parse_rules(text: str, file: str = "rules.yaml") -> Rules:
    """Parse the rules in a text; `file` is its name in errors."""
    return _rules(parse_document(text, file))


def _rules(document: Value) -> Rules:
    keys = document.mapping(_KEYS)
    for needed in ("slots", "sets"):
        if needed not in keys:
            document.wrong(f"'{needed}' is missing (docs/reference/rules.md)")
    slots = tuple(_slot(name, value) for name, value in keys["slots"].mapping().items())
    if not slots:
        keys["slots"].wrong("expected at least one slot")
    names = tuple(slot.name for slot in slots)
    shapes = tuple(_shape(value, names) for value in keys["sets"].items())
    if not shapes:
        keys["sets"].wrong("expected at least one set")
    pieces = _limits(keys["pieces"], 1, MAX_PIECES) if "pieces" in keys else Limits(1, MAX_PIECES)
    rules = Rules(
        name=keys["name"].text() if "name" in keys else Path(document.file).stem,
        slots=slots,
        shapes=shapes,
        everywhere=_condition(keys["everywhere"]) if "everywhere" in keys else Condition(),
        relations=_relations(keys, names),
        pieces=pieces,
        price=_limits(keys["price"], 0, float("inf")) if "price" in keys else None,
        for_many_catalogues="unknown" in keys and _ignored(keys["unknown"]),
    )
    if not rules.plans():
        sizes = [len(shape.required) for shape in shapes]
        place = keys.get("pieces", keys["sets"])
        place.wrong(
            f"no set has from {pieces.low:g} to {pieces.high:g} pieces: "
            f"the smallest of each need {', '.join(map(str, sizes))}"
        )
    return rules


def _ignored(value: Value) -> bool:
    if value.text() not in {"error", "ignore"}:
        value.wrong(f"expected 'error' or 'ignore' for values that no item has, found '{value.text()}'")
    return value.text() == "ignore"


def _slot(name: str, value: Value) -> Slot:
    keys = value.mapping(("at_most", *_FACTS), "fact")
    at_most = keys.pop("at_most").whole_number(1, MAX_PIECES) if "at_most" in keys else 1
    return Slot(name, Condition(_tests(keys)), at_most)


def _shape(value: Value, names: tuple[str, ...]) -> Shape:
    keys = value.mapping(("required", "optional"))
    if "required" not in keys:
        value.wrong("'required' is missing: the slots that must be filled")
    required = tuple(_slot_name(each, names) for each in keys["required"].one_or_more())
    optional = (
        tuple(_slot_name(each, names) for each in keys["optional"].one_or_more())
        if "optional" in keys
        else ()
    )
    shape = Shape(required, optional)
    for name in shape.slots:
        if shape.slots.count(name) > 1:
            value.wrong(f"slot '{name}' stands there twice; `at_most` lets it take several pieces")
    return shape


def _relations(keys: Mapping[str, Value], names: tuple[str, ...]) -> tuple[tuple[str, Relation], ...]:
    found: list[tuple[str, Relation]] = []
    for position, value in enumerate(keys["never"].items() if "never" in keys else ()):
        found.append((f"never[{position}]", _never(value, names)))
    for position, value in enumerate(keys["needs"].items() if "needs" in keys else ()):
        found.append((f"needs[{position}]", _needs(value, names)))
    if "agree" in keys:
        found += [(f"agree.{agree.fact}", agree) for agree in _agree(keys["agree"])]
    if "differ" in keys:
        facts = [_fact(each) for each in keys["differ"].one_or_more()]
        found += [(f"differ.{fact}", Differ(fact)) for fact in facts]
    return tuple(found)


def _never(value: Value, names: tuple[str, ...]) -> Never:
    sides = list(value.items())
    if len(sides) != 2:
        value.wrong(f"expected two conditions that no set meets together, found {len(sides)}")
    return Never(*(_condition(side, names) for side in sides))


def _needs(value: Value, names: tuple[str, ...]) -> Needs:
    keys = value.mapping(("given", "then"))
    if len(keys) != 2:
        value.wrong("expected both 'given' and 'then'")
    then = _condition(keys["then"], names)
    if then.slot is None:
        keys["then"].wrong("'slot' is missing: the slot that must be filled")
    return Needs(_condition(keys["given"], names), then)


def _agree(value: Value) -> list[Agree]:
    if not value.is_mapping:
        return [Agree(_fact(each)) for each in value.one_or_more()]
    found = []
    for fact, how in value.mapping(TEXT_FACTS, "fact").items():
        neutral = how.mapping(("neutral",)) if how.is_mapping else {}
        if not neutral and how.text_or_none() is not None:
            how.wrong("expected nothing, or `neutral:` with the values that agree with all others")
        values = neutral["neutral"].one_or_more() if neutral else []
        found.append(Agree(fact, tuple(each.text_or_none() for each in values)))
    return found


def _fact(value: Value) -> str:
    fact = value.text()
    if fact not in TEXT_FACTS:
        value.wrong(f"unknown fact '{fact}' (known: {', '.join(TEXT_FACTS)})")
    return fact


def _slot_name(value: Value, names: tuple[str, ...]) -> str:
    name = value.text()
    if name not in names:
        value.wrong(f"no slot is called '{name}' (slots: {', '.join(names)})")
    return name


def _condition(value: Value, names: tuple[str, ...] = ()) -> Condition:
    """With `names`: the condition may say `slot`."""
    keys = value.mapping((("slot",) if names else ()) + _FACTS, "fact")
    slot = _slot_name(keys.pop("slot"), names) if "slot" in keys else None
    return Condition(_tests(keys), slot)


def _tests(keys: Mapping[str, Value]) -> tuple[Test, ...]:
    return tuple(
        _number_test(fact, value) if fact in NUMBER_FACTS else _text_test(fact, value)
        for fact, value in keys.items()
    )


def _text_test(fact: str, value: Value) -> Test:
    if value.is_mapping:
        keys = value.mapping(("not",))
        if not keys:
            value.wrong("expected `not:` with the values that are not wanted")
        unwanted = keys["not"].one_or_more()
        return NoneOf(fact, tuple(each.text() for each in unwanted))
    values = tuple(each.text_or_none() for each in value.one_or_more())
    if not values:
        value.wrong("expected at least one value")
    return AnyOf(fact, values)


def _number_test(fact: str, value: Value) -> Test:
    if not value.is_mapping:
        exact = value.number()
        return Between(fact, exact, exact)
    limits = _limits(value, float("-inf"), float("inf"))
    return Between(fact, limits.low, limits.high)


def _limits(value: Value, lowest: float, highest: float) -> Limits:
    keys = value.mapping(("from", "to"))
    if not keys:
        value.wrong("expected 'from', 'to' or both")
    low = keys["from"].number() if "from" in keys else lowest
    high = keys["to"].number() if "to" in keys else highest
    if not lowest <= low <= high <= highest:
        value.wrong(f"from {low:g} to {high:g} is empty, or outside of {lowest:g} to {highest:g}")
    return Limits(low, high)
