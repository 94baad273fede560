"""That nothing stands on two sides of a split: no product, no sender, no near-duplicate picture."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from atelier.errors import LeakageError

NUM_SHOWN = 5


def check_leakage(
    items: pd.DataFrame, photos: pd.DataFrame, near_duplicates: Iterable[tuple[str, str]] = ()
) -> None:
    """Check that no group is in two splits. LeakageError names the pairs.

    items: columns `item_id`, `duplicate_group`, `split`.
    photos: columns `photo_id`, `item_id`, `sender`, `phash`, `split`.
    near_duplicates: pairs of photo ids whose pictures are nearly the same; equal `phash` is found here.
    """
    item_split = items.set_index("item_id")["split"]
    photo_split = photos.set_index("photo_id")["split"]
    leaks = [
        *_across(items, "duplicate_group", "item_id", "items of duplicate group"),
        *_across(photos, "sender", "photo_id", "photos of sender"),
        *_across(photos, "phash", "photo_id", "photos of the perceptual hash"),
        *(
            f"photo {photo} is {photo_side}, its item {item} is {item_split[item]}"
            for photo, item, photo_side in photos[["photo_id", "item_id", "split"]].itertuples(index=False)
            if item in item_split.index and item_split[item] != photo_side
        ),
        *(
            f"near-duplicate photos {first} is {photo_split[first]}, {second} is {photo_split[second]}"
            for first, second in near_duplicates
            if photo_split[first] != photo_split[second]
        ),
    ]
    if leaks:
        more = f"; and {len(leaks) - NUM_SHOWN:,} more" if len(leaks) > NUM_SHOWN else ""
        raise LeakageError(
            f"{len(leaks):,} pairs stand on two sides of the split (expected none): "
            f"{'; '.join(leaks[:NUM_SHOWN])}{more}. Nothing was accepted: ingest the drop into a fresh "
            f"ATELIER_HOME, so that the splits are decided anew."
        )


def _across(rows: pd.DataFrame, group: str, key: str, what: str) -> list[str]:
    """Groups that have members on two sides, each told by the first member of either."""
    grouped = rows[rows[group].notna()]
    num_sides = grouped.groupby(group)["split"].nunique(dropna=False)
    told = []
    for name in num_sides.index[num_sides > 1]:
        members = grouped[grouped[group] == name].drop_duplicates("split")
        sides = ", ".join(
            f"{member} is {side}" for member, side in zip(members[key], members["split"], strict=True)
        )
        told.append(f"{what} {name}: {sides}")
    return told
