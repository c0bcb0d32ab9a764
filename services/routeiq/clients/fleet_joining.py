"""On which terms a service of this process follows its fleet; whoever runs several in one process says it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


async def _at_once() -> None:
    """There is nothing to wait for."""


@dataclass(frozen=True, slots=True)
class Joining:
    """`documents`: False: it keeps its own document, whatever the fleet serves.  `after`: ends when it may begin."""

    documents: bool = True
    after: Callable[[], Awaitable[None]] = _at_once


JOINS = Joining()
"""At once, and for good."""
