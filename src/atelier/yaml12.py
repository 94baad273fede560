"""YAML 1.2 on top of PyYAML, which speaks 1.1: the core schema's scalars, and limits for hostile documents.

In YAML 1.1 `0100` is 64, `1:30` is 90, `no` is false and `=` has a meaning; in 1.2 they are 100 and texts
(https://yaml.org/spec/1.2.2, section 10.3.2).
"""

from __future__ import annotations

import re

import yaml

MAX_DEPTH = 50
"""Lists and mappings within each other."""
MAX_NODES = 100_000
"""Values of a document, each counted as often as aliases repeat it."""
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null"))
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_MAX_DIGITS = 400
"""Of a whole number; more than a float can hold."""

Scalar = str | int | float | bool | None


def compose(text: str) -> yaml.Node | None:
    """Parse the syntax tree of a document; None for an empty one. yaml.YAMLError, with the place: it is
    none.
    """
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    except (ValueError, OverflowError, RecursionError) as error:  # PyYAML on escapes such as "\\UFFFFFFFF"
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=loader.get_mark()) from error
    finally:
        loader.dispose()


def plain_value(node: yaml.ScalarNode) -> Scalar:
    """Read a scalar by the core schema. ValueError: it is not what its tag says."""
    text, tag = node.value, node.tag
    if tag == _TAG + "null" and _NULL.fullmatch(text):
        return None
    if tag == _TAG + "bool" and _BOOL.fullmatch(text):
        return text.lower() == "true"
    if tag == _TAG + "int" and _INT.fullmatch(text):
        return _integer(text)
    if tag == _TAG + "float" and _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if text == "=" and node.style is None:
        raise ValueError("'=' alone means another thing in older YAML; put it into quotes")
    if tag != _TAG + "str":
        raise ValueError(f"'{text[:80]}' is no {tag.removeprefix(_TAG)}, as its tag says")
    return str(text)


def _integer(text: str) -> int | float:
    if text.startswith(("0o", "0x")):
        return int(text[2:], 8 if text[1] == "o" else 16) if len(text) <= _MAX_DIGITS else float("inf")
    return int(text) if len(text) <= _MAX_DIGITS else float(text)


class _Loader(yaml.SafeLoader):
    """Composes nodes with the tags of YAML 1.2, and stops at documents that are too deep or too large."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[yaml.Node, tuple[int, int]] = {}
        """Number of nodes of each finished node, aliases followed, and how deep they lie."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node; yaml.MarkedYAMLError: an unknown tag, an endless alias, too deep or too large."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        self._depth += 1
        try:
            self._check(self._depth <= MAX_DEPTH, f"more than {MAX_DEPTH} levels deep", event)
            node = super().compose_node(parent, index)
        finally:
            self._depth -= 1
        if node is None:
            return None
        if node not in self._sizes:
            if isinstance(node, yaml.ScalarNode):
                node.value = self._whole_characters(node.value, event)
            self._check(not isinstance(event, yaml.AliasEvent), "an alias within its own anchor", event)
            self._check(_has_core_tag(node), f"the tag '{node.tag}' is unknown; leave it out", event)
            self._sizes[node] = self._measured(node)
        size, depth = self._sizes[node]
        self._check(self._depth + depth <= MAX_DEPTH, f"more than {MAX_DEPTH} levels deep", event)
        self._check(size <= MAX_NODES, f"more than {MAX_NODES:,} values, with its aliases", event)
        return node

    def _whole_characters(self, text: str, event: yaml.Event) -> str:
        """Join the halves that JSON writes characters beyond U+FFFF in, such as "\\ud83d\\ude00"."""
        if text.isascii():
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._check(False, "half a character: a surrogate without its other half", event)
            raise

    def _measured(self, node: yaml.Node) -> tuple[int, int]:
        if isinstance(node, yaml.ScalarNode):
            return 1, 1
        inner = [each for pair in node.value for each in (pair if isinstance(pair, tuple) else (pair,))]
        sizes = [self._sizes[each] for each in inner]
        return 1 + sum(size for size, _ in sizes), 1 + max((depth for _, depth in sizes), default=0)

    def _check(self, good: bool, problem: str, event: yaml.Event) -> None:
        if not good:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]


def _has_core_tag(node: yaml.Node) -> bool:
    if isinstance(node, yaml.ScalarNode):
        return node.tag in _SCALAR_TAGS
    return node.tag == _TAG + ("map" if isinstance(node, yaml.MappingNode) else "seq")


for _name, _pattern, _first in (
    ("null", _NULL, ["~", "n", "N", ""]),
    ("bool", _BOOL, list("tTfF")),
    ("int", _INT, list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern.pattern})\Z"), _first)
