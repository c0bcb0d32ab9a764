"""Which model of which provider serves a customer, whatever routing would say: asked of control, and kept.

Nobody is asked while the overlay has no override at all. It fails open: a customer of whom control cannot say anything
is served as all others, unless the settings are strict."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from routeiq.gateway.callers.directory import Resolves
from routeiq.gateway.callers.lookup import Lookup, Said, Timing

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

CAPACITY = 10_000


class Customer(NamedTuple):
    """`service`: empty: none is named."""

    user_id: str
    service: str


class Override(NamedTuple):
    """`provider`: its name. `specific`: for the customer's service alone."""

    provider: str
    model: str
    specific: bool = False


NO_OVERRIDE = Override("", "")


class Overrides:
    """For one event loop. `close` it."""

    def __init__(
        self,
        control: Resolves,
        *,
        timing: Timing | None = None,
        capacity: int = CAPACITY,
        count: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control = control
        self._lookup: Lookup[Customer, Override] = Lookup(
            self._ask,
            timing=timing or Timing(),
            capacity=capacity,
            away=lambda: control.away,
            count=count,
            clock=clock,
        )

    def at_once(self, customer: Customer) -> Override | None:
        """`NO_OVERRIDE`: none holds. None: it takes `get`."""
        return self._lookup.at_once(customer)

    async def get(self, customer: Customer) -> Override:
        """Raises: Unavailable: nobody can say."""
        return await self._lookup.get(customer, customer)

    def forget(self, changed: pb.Changed) -> None:
        self._lookup.forget({f"c:{one.user_id}" for one in changed.customers})

    def doubt(self) -> None:
        """Changes may have been missed."""
        self._lookup.doubt()

    async def close(self) -> None:
        await self._lookup.close()

    async def _ask(self, customer: Customer, *, again: bool) -> Said[Override]:
        answer = await self._control.resolve(customer=customer)
        found = NO_OVERRIDE
        if answer.HasField("override"):
            found = Override(answer.override.provider, answer.override.model, bool(answer.override.service))
        return Said(found, frozenset({f"c:{customer.user_id}"}))
