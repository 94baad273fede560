"""Prices as people and shops write them: `$19.00`, `1.234,50 €`, `CHF 12.-`, `Rs. 1,49,999`."""

from __future__ import annotations

import math
import re
import unicodedata

_DIGITS = r"\d+(?:[.,' ]\d+)*"
_NUMBER = re.compile(rf"(?<![\d.,-])({_DIGITS})(?:[.,:]?(?:-+|=))?")
"""A number with separators between its digits, and the dash that stands for no cents."""
_WORDS = re.compile(r"[^\W\d_]+")
_WORDS_OF_MONEY = {
    *("us", "c", "ca", "au", "nz", "hk", "nt", "s", "r", "rs", "re", "rm", "rp", "kr", "kč", "kc"),
    *("tl", "zł", "zl", "ft", "fr", "sfr", "dh", "dhs", "kd", "bd", "lv", "лв", "р", "руб", "грн"),
    *("元", "円", "圓", "원", "人民币", "euro", "euros", "dollar", "dollars", "pound", "pounds"),
    *("yen", "yuan", "franken", "kronor", "kroner"),
}
"""Words that may stand beside a number, as any code of three letters may; others may change its meaning."""
_THREE_DECIMALS = frozenset({"kwd", "kd", "bhd", "bd", "omr", "tnd", "jod", "iqd", "lyd"})
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
_ALIKE = str.maketrans(
    {"\u2019": "'", "\u066b": ".", "\u066c": ",", "\u2212": "-", "\u2013": "-", "\u2014": "-"}
)


def price_of(value: object) -> float | None:
    """Read a price above 0 in any notation; None where it is not known or not certain.

    A separator before exactly three digits groups thousands, but for a plain number such as `1.234` and for
    currencies of three decimals. Ranges, several prices and words that are no currency give None.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        value = _number_in(value)
    try:
        price = math.nan if value is None else float(value)
    except OverflowError:
        return None
    return price if math.isfinite(price) and price > 0 else None


def _number_in(text: str) -> float | None:
    text = _SPACES.sub(" ", unicodedata.normalize("NFKC", text[:200]).translate(_ALIKE)).strip()
    try:
        return float(text)
    except ValueError:
        pass
    numbers = list(_NUMBER.finditer(text))
    rest = _NUMBER.sub(" ", text)
    words = [word.casefold() for word in _WORDS.findall(rest)]
    signs = _WORDS.sub(" ", rest)
    if len(numbers) != 1 or not all(map(_is_money, words)) or not all(map(_is_sign, signs)):
        return None
    return _read_digits(numbers[0][1], has_three_decimals=not _THREE_DECIMALS.isdisjoint(words))


def _is_money(word: str) -> bool:
    return word in _WORDS_OF_MONEY or (len(word) == 3 and word.isascii())


def _is_sign(character: str) -> bool:
    return character in " ./" or unicodedata.category(character) == "Sc"


def _read_digits(digits: str, *, has_three_decimals: bool) -> float | None:
    """Digits with separators as a number; None where the groups are those of no notation."""
    parts = re.split(r"[.,' ]", digits)
    separators = re.findall(r"[.,' ]", digits)
    ends_in_decimals = bool(separators) and (
        separators[-1] in ".,"
        and (separators.count(separators[-1]) == 1)
        and (len(parts[-1]) != 3 or has_three_decimals)
    )
    whole = parts[:-1] if ends_in_decimals else parts
    grouping = separators[: len(whole) - 1]
    if len(set(grouping)) > 1 or (ends_in_decimals and separators[-1] in grouping):
        return None
    if len(whole) > 1 and not _are_groups(whole):
        return None
    return float("".join(whole) + ("." + parts[-1] if ends_in_decimals else ""))


def _are_groups(parts: list[str]) -> bool:
    """Thousands, or as in India: groups of two before the last of three."""
    first, *middle, last = map(len, parts)
    return len(parts[0]) <= 3 and last == 3 and first >= 1 and (set(middle) <= {3} or set(middle) <= {2})
