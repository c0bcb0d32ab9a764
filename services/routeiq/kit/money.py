"""Money: whole nano-USD inside, dollars as numbers at the border. Nothing inside is a float.

A nano-USD is a thousandth of what one token of the cheapest model costs, and the database's 64 bits hold nine billion
dollars of them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from routeiq.kit.errors import InvalidRequest

NANO = 1_000_000_000
MAX_NANO_USD = 2**63 - 1
_ONE = Decimal(1)


class NotAnAmount(InvalidRequest, ValueError):
    """Not a number, not finite, negative, or more than can be kept. A ValueError too, so that pydantic takes it."""

    code = "invalid_amount"


def from_usd(amount: float | str | Decimal) -> int:
    """Nano-USD, rounded to the nearest, halves to even. A float is what its shortest text says: 0.1 is a tenth.

    Raises: NotAnAmount."""
    if isinstance(amount, bool):
        raise NotAnAmount("an amount of money is a number")
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        raise NotAnAmount("an amount of money is a number") from None
    if not exact.is_finite() or (exact.is_signed() and exact):
        raise NotAnAmount("an amount of money is finite and not negative")
    if exact > MAX_NANO_USD // NANO:
        raise NotAnAmount("the amount of money is too large")
    return int((exact * NANO).quantize(_ONE, ROUND_HALF_EVEN))


def to_usd(nano_usd: int) -> float:
    """Dollars for JSON. What it cannot hold exactly is below its 16th digit."""
    return nano_usd / NANO


def usd_text(nano_usd: int) -> str:
    """Dollars in full, without needless zeros: `0.000015`, never `1.5e-05`."""
    whole, nano = divmod(abs(nano_usd), NANO)
    sign = "-" if nano_usd < 0 else ""
    return f"{sign}{whole}.{nano:09d}".rstrip("0").rstrip(".")
