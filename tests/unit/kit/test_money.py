"""Dollars at the border and nano-USD inside."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.kit.money import MAX_NANO_USD, NANO, NotAnAmount, from_usd, to_usd, usd_text


@pytest.mark.parametrize(
    ("amount", "nano"),
    [
        (0, 0), (0.1, 100_000_000), (1, NANO), ("0.000000001", 1), (1.5e-06, 1500), (Decimal("12.34"), 12_340_000_000),
        ("0.0000000005", 0), ("0.0000000015", 2), (-0.0, 0), (9_000_000_000, 9_000_000_000 * NANO),
    ],
)  # fmt: skip
def test_dollars_become_whole_nano_usd(amount: float | str | Decimal, nano: int) -> None:
    assert from_usd(amount) == nano


@pytest.mark.parametrize(
    "amount", [float("nan"), float("inf"), -1, "-0.01", "nan", "Infinity", "", "one", "1,5", True, 1e300, "1e30", 9.3e9]
)
def test_what_is_no_amount_is_refused(amount: float | str) -> None:
    with pytest.raises(NotAnAmount):
        from_usd(amount)


@given(st.integers(0, 10**15))
def test_an_amount_survives_the_border(nano: int) -> None:
    assert from_usd(to_usd(nano)) == nano


@given(st.integers(0, MAX_NANO_USD // NANO * NANO))
def test_its_text_is_exact(nano: int) -> None:
    assert from_usd(usd_text(nano)) == nano


def test_text_is_never_in_powers_of_ten() -> None:
    assert [usd_text(15_000), usd_text(0), usd_text(2 * NANO), usd_text(-1_500_000_000)] == [
        "0.000015",
        "0",
        "2",
        "-1.5",
    ]
