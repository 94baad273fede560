"""Decides which side of the wall a row stands on: 85 % training, 5 % validation, 10 % test.

What belongs together is one group and stays on one side: items of one `duplicate_group`, an item and its
photos, the photos of one sender, near-duplicate pictures, a mask and its photo. A group's side comes from a
hash of its name, once; whatever joins the group later comes to the same side. A new row that would join two
groups on different sides is refused, because moving one of them would leak what was trained on into the test.

Sets (outfits, and sets of categories) are split by set: two sets on different sides may share an item, as in
the public splits that are called non-disjoint, and an item's side says nothing of its outfits'.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from atelier.vocabulary import CategorySet, Item, Outfit, Photo, PhotoKind, Split

VALIDATION_SHARE = 0.05
TEST_SHARE = 0.10
MASK_SUFFIX = "/mask"

Node = tuple[str, str]
"""What ties rows together: ('item', its id), ('sender', who), ('looks', a perceptual hash)..."""
SetRow = TypeVar("SetRow", Outfit, CategorySet)


@dataclass
class Assigned:
    """Rows with their `split`, and those that fit on no side, with the reason."""

    items: list[Item] = field(default_factory=list)
    photos: list[Photo] = field(default_factory=list)
    refused: list[tuple[Item | Photo, str]] = field(default_factory=list)


def assign(
    items: Sequence[Item],
    photos: Sequence[Photo],
    present_items: Iterable[Item],
    present_photos: Iterable[Photo],
    near_duplicates: Iterable[tuple[str, str]],
) -> Assigned:
    """Give new rows a side; those that were accepted before keep theirs.

    items, photos: new rows, without a side; changed ones with the side that they had.
    present_items, present_photos: accepted rows that stay as they are.
    near_duplicates: pairs of photo ids.
    """
    looks_like: dict[str, list[str]] = {}
    for first, second in near_duplicates:
        looks_like.setdefault(first, []).append(second)
        looks_like.setdefault(second, []).append(first)
    groups = Groups()
    present: list[Item | Photo] = [*present_items, *present_photos]
    for row in present:
        groups.join(_ties(row, looks_like), row.split)
    assigned = Assigned()
    accepted: list[Item | Photo] = []
    new: list[Item | Photo] = [
        *sorted(items, key=lambda item: item.item_id),
        *sorted(photos, key=_photos_before_masks),
    ]
    for row in new:
        sides = groups.join(_ties(row, looks_like), row.split)
        if len(sides) > 1:
            assigned.refused.append((row, _why_refused(row, sides)))
        else:
            accepted.append(row)
    for row in accepted:
        side = groups.side(_ties(row, looks_like)[0])
        if isinstance(row, Item):
            assigned.items.append(replace(row, split=side))
        else:
            assigned.photos.append(replace(row, split=side))
    return assigned


def assign_sets(rows: Iterable[SetRow]) -> list[SetRow]:
    """Assign a split to each set: the published or accepted one, else by the hash of its id."""
    return [row if row.split else replace(row, split=split_of(_set_id(row))) for row in rows]


class Groups:
    """Nodes joined into groups, each with its side once it has one (a union-find structure)."""

    def __init__(self) -> None:
        self._parent: dict[Node, Node] = {}
        self._side: dict[Node, str] = {}
        """By the first node of a group."""

    def join(self, nodes: Sequence[Node], side: str | None = None) -> set[str]:
        """Join the groups of all nodes; returns the splits among them, joining nothing if these differ."""
        roots = {self._root(node) for node in nodes}
        sides = {self._side[root] for root in roots if root in self._side} | ({side} if side else set())
        if len(sides) > 1:
            return sides
        first = min(roots)
        for root in roots:
            self._parent[root] = first
        if sides:
            self._side[first] = next(iter(sides))
        return sides

    def side(self, node: Node) -> str:
        """Return the split of a node's group, by the hash of its first node where none was given."""
        root = self._root(node)
        return self._side.get(root) or split_of("\0".join(root))

    def _root(self, node: Node) -> Node:
        parent = self._parent.setdefault(node, node)
        while parent != node:
            self._parent[node] = self._parent[parent]
            node, parent = parent, self._parent[parent]
        return node


def split_of(group: str) -> Split:
    """Return the split of a new group, by its name alone."""
    digest = hashlib.blake2b(group.encode(), digest_size=8).digest()
    share = int.from_bytes(digest) / 2**64
    if share < TEST_SHARE:
        return Split.TEST
    return Split.VALIDATION if share < TEST_SHARE + VALIDATION_SHARE else Split.TRAIN


def _set_id(row: Outfit | CategorySet) -> str:
    return row.outfit_id if isinstance(row, Outfit) else row.set_id


def _ties(row: Item | Photo, looks_like: dict[str, list[str]]) -> list[Node]:
    """Everything that holds a row in its group, itself first."""
    if isinstance(row, Item):
        return [("item", row.item_id), *_tie("duplicates", row.duplicate_group)]
    whole = row.photo_id.removesuffix(MASK_SUFFIX) if row.kind == PhotoKind.MASK else None
    return [
        ("photo", row.photo_id),
        *_tie("photo", whole),
        *_tie("item", row.item_id),
        *_tie("sender", row.sender),
        *_tie("looks", row.phash),
        *(("photo", other) for other in looks_like.get(row.photo_id, ())),
    ]


def _tie(kind: str, name: str | None) -> list[Node]:
    return [] if name is None else [(kind, name)]


def _photos_before_masks(photo: Photo) -> tuple[bool, str]:
    return photo.kind == PhotoKind.MASK, photo.photo_id


def _why_refused(row: Item | Photo, sides: set[str]) -> str:
    what = f"item {row.item_id}" if isinstance(row, Item) else f"photo {row.photo_id}"
    ties = [f"{kind} {name}" for kind, name in _ties(row, {})[1:] if kind != "looks"]
    if not ties or (isinstance(row, Photo) and row.phash is not None):
        ties.append("pictures that look the same")
    return (
        f"{what} ties together groups that stand on different sides of the split "
        f"({' and '.join(sorted(sides))}): by {', '.join(ties)}"
    )
