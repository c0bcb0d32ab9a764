"""Fields of documents and of bodies that must pass a check, and stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator

from routeiq.kit.clock import duration_of
from routeiq.kit.money import from_usd


def checked(check: Callable[[Any], object]) -> AfterValidator:
    """For `Annotated`. Args: check: raises ValueError for what may not stand there; what it returns is not used."""

    def kept(value: Any) -> Any:
        check(value)
        return value

    return AfterValidator(kept)


USD = Annotated[float, checked(from_usd)]
"""Finite, not negative, and within what the database holds."""
DurationText = Annotated[str, checked(duration_of)]
"""`30s`, `30m`, `30h`, `30d`, `1w`, `1mo`."""
