"""Ask control once a second how far the ledger has come, while somebody waits for it, and tell all who want to know.

One question for all: what is spent and how far each journal is read belong to one moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from routeiq.kit.errors import RouteIQError

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

log = structlog.get_logger()

EVERY_S = 1.0

Account = tuple[str, str, str]
"""Kind, id and model."""
Ask = Callable[[Sequence[Account], Sequence[str]], "Awaitable[pb.ReadLedgerResponse]"]
"""Of those accounts and journals. Raises: RouteIQError."""
Journals = Callable[[], Sequence[str]]
Accounts = Callable[[], Sequence[Account]]
Listener = Callable[["pb.ReadLedgerResponse"], None]


class LedgerRound:
    """Of one gateway. Whoever wants to be asked for adds to `journals` or `accounts`, and to `listeners`."""

    def __init__(self, ask: Ask, *, every_s: float = EVERY_S) -> None:
        self._ask, self._every_s = ask, every_s
        self.journals: list[Journals] = []
        self.accounts: list[Accounts] = []
        self.listeners: list[Listener] = []

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._every_s)

    async def once(self) -> None:
        """Ask, if somebody wants to know anything. Control that cannot be reached is asked again the next time."""
        journals = [one for wanted in self.journals for one in wanted()]
        accounts = [one for wanted in self.accounts for one in wanted()]
        if not journals and not accounts:
            return
        try:
            answer = await self._ask(accounts, journals)
        except RouteIQError:  # the client has said so
            return
        for listener in self.listeners:
            try:
                listener(answer)
            except Exception:  # one listener's fault is not the others'
                log.exception("ledger.listener")
