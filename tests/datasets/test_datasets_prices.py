"""Prices in every notation are read or unknown, never a wrong number."""

from __future__ import annotations

import pytest

from atelier.datasets.prices import price_of


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("$19.00", 19),
        ("19,00 €", 19),
        ("€1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("US$ 1 234.56", 1234.56),
        ("CHF 1'234.50", 1234.5),
        ("CHF 1’234.50", 1234.5),
        ("1 234,50\u00a0zł", 1234.5),
        ("¥1,980", 1980),
        ("１，９８０円", 1980),
        ("19.00 USD", 19),
        ("Rs. 1,499", 1499),
        ("₹1,49,999.00", 149_999),
        ("19,-", 19),
        ("CHF 19.-", 19),
        ("199:-", 199),
        ("1.299 €", 1299),
        ("$1,234", 1234),
        ("R$ 1.299,90", 1299.9),
        ("£1,000,000", 1_000_000),
        ("KWD 1.250", 1.25),
        ("1.234", 1.234),
        ("1e3", 1000),
        (19, 19),
        (0.5, 0.5),
    ],
)
def test_a_price_is_read_in_any_notation(text: object, price: float) -> None:
    assert price_of(text) == pytest.approx(price)


@pytest.mark.parametrize(
    "text",
    [
        *("", "n/a", "free", "0", "$0.00", "-1", "-$5", "$-5", "19-25", "$19 – $25", "19.00 (was 25)"),
        *("2 for 30", "100 ml", "$1,23,4", "12.34.56", "1,234.567,8", "inf", "nan", "1e400", "\udc80 5"),
        *(-1, 0, float("nan"), float("inf"), 10**400, True, None, [19], {"USD": 19}),
    ],
)
def test_what_is_no_certain_price_is_unknown(text: object) -> None:
    assert price_of(text) is None
