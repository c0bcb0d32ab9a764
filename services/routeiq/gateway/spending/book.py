"""This gateway's own entries, kept beside the store that decides: put again once a second, with what the ledger says.

Alone, a gateway decides by its book. Where gateways share a Redis, that decides; the book has what this one put there
and what the ledger last said, and with Redis away it decides again: each gateway lets through what the budget allows as
far as it knows, or nothing (`closed`). Redis is waited for once, not by every request. When it is back, or has lost its
memory, it gets the entries at once of the accounts that are asked for, and all of them with the next round."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

import structlog

from routeiq.clients.control_accounts import Account, account_called
from routeiq.gateway.spending.refusals import BudgetsUnavailable
from routeiq.kit.accounts import Claim, Entry, Standing, Taken, Unknown, Verdict
from routeiq.kit.accounts_memory import MemoryAccounts
from routeiq.kit.errors import Unavailable
from routeiq.kit.redis import RedisAway, RedisRefused

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb
    from routeiq.kit.accounts_redis import RedisAccounts

log = structlog.get_logger()

ROUND_S = 1.0
IN_USE_S = 60.0
"""An account that was asked for so lately is looked up in the ledger."""
IDLE_S = 2 * 3600.0
"""It is forgotten: longer than a caller is kept, whose word of what was spent is as old."""
LEAST_A_ROUND, ROUNDS_FOR_ALL = 1000, 4
"""Of more entries a share is put at each round, all of them within four."""
MOST_OWED = 10_000
PLACES = "places"
"""The kind of account of requests at one time, which no ledger knows."""

Costs = list[tuple[str, int | None]]


ReadLedger = Callable[[Collection[Account], Collection[str]], "Awaitable[pb.ReadLedgerResponse]"]
"""Of accounts, and of journals besides those that lately wrote. Raises: Unavailable."""


class Book:
    """Of one gateway. `run` it beside; `close` it.

    Args: shared: None: this gateway alone decides.  read_ledger: None: there is none.  closed: without Redis nobody
    who has a budget is served."""

    def __init__(
        self,
        shared: RedisAccounts | None = None,
        read_ledger: ReadLedger | None = None,
        *,
        closed: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.own = MemoryAccounts(lease_s=inf, clock=clock, names=shared is not None)
        self._shared, self._read, self._closed, self._clock = shared, read_ledger, closed, clock
        self._marks: Mapping[str, int] = {}
        self._answered: Collection[str] = ()
        """The accounts that the last answer of the ledger had."""
        self._gone: Collection[str] = ()
        """Those that it was asked for and did not have: of keys that were deleted, budgets that were taken away."""
        self._owed: list[bytes] = []
        """What Redis was not told."""
        self._wake, self._all, self._put = asyncio.Event(), True, 0
        if shared is not None:
            shared.line.back = self._again

    @property
    def mode(self) -> str:
        """How it is decided now."""
        if self._shared is None:
            return "memory"
        if not self._shared.line.away:
            return "redis"
        return "closed" if self._closed else "local"

    @property
    def waits(self) -> bool:
        """Whether `reserve` has to be awaited; else `reserve_now` decides."""
        return self._shared is not None and not self._shared.line.away

    def reserve_now(self, id_: str, claims: list[Claim], brought: Mapping[str, int]) -> Verdict:
        """By this book. Args: brought: what the caller is known to have spent, by account.  Raises:
        BudgetsUnavailable."""
        if self._closed and self._shared is not None:
            raise BudgetsUnavailable("Budgets cannot be looked up at the moment. Try again shortly.")
        verdict = self.own.reserve(id_, claims)
        if isinstance(verdict, Unknown):
            self._learn(claims, brought)
            verdict = self.own.reserve(id_, claims)
        return verdict

    async def reserve(self, id_: str, claims: list[Claim], brought: Mapping[str, int]) -> Verdict:
        """By Redis, if that answers. Raises: BudgetsUnavailable."""
        shared = self._shared
        if shared is None:
            return self.reserve_now(id_, claims, brought)
        self._learn(claims, brought)
        try:
            verdict = await shared.reserve(id_, claims)
            if isinstance(verdict, Unknown):
                verdict = await self._tell_and_ask(shared, id_, claims)
        except RedisAway as error:
            if isinstance(error, RedisRefused):
                log.warning("accounts.refused", error=error.message)
            verdict = self.reserve_now(id_, claims, brought)
            if not isinstance(verdict, Taken):
                self._owe(shared, id_, [(claim.account, None) for claim in claims])
            return verdict
        except BaseException:
            self.settle(id_, [(claim.account, None) for claim in claims])
            raise
        if isinstance(verdict, Taken):
            self._write(id_, claims, verdict)
        return verdict

    def settle(self, id_: str, costs: Costs, journal: str = "", sequence: int = 0) -> None:
        """As `Accounts` has it; nobody waits for Redis."""
        self.own.settle(id_, costs, journal, sequence)
        shared = self._shared
        if shared is None:
            return
        sent = shared.settling(id_, costs, journal, sequence)
        again = bool(journal) or not any(cost for _, cost in costs)  # else it might be spent twice
        try:
            shared.line.send(sent, lambda reply: self._heard(sent, reply) if again else None)
        except RedisAway:
            self._keep(sent)

    async def run(self) -> None:
        """Once a second, until it is cancelled."""
        if self._shared is not None:
            self._shared.line.start()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUND_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self.round()
            except Exception:  # the edge of the task: the next round may do better
                log.exception("accounts.round_failed")

    async def round(self) -> None:
        """Ask the ledger, tell Redis, forget who is idle. A Redis that has lost something is told before."""
        now = self._clock()
        used = [one for one in self.own.names() if self._in_use(one, now)]
        if self._all:
            await self._tell(used)
        if used:
            await self._ask(used)
        await self._tell(used)
        for name in [one for one in self.own.names() if self._idle(one, now)]:
            self.own.forget(name)

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()

    def _learn(self, claims: list[Claim], brought: Mapping[str, int]) -> None:
        """Better than nothing, until the ledger is asked."""
        now = self._clock()
        for claim in claims:
            account = self.own.get(claim.account)
            if account is None or account.period < claim.period:
                standing = Standing(claim.period, brought.get(claim.account, 0), by_ledger=False)
                self.own.round((), {claim.account: standing}, {})
            else:
                account.used = now

    def _write(self, id_: str, claims: list[Claim], taken: Taken) -> None:
        for claim, amount in zip(claims, taken.amounts, strict=True):
            account = self.own.get(claim.account)
            if account is not None:
                account.put(id_, amount, inf)

    async def _tell_and_ask(self, shared: RedisAccounts, id_: str, claims: list[Claim]) -> Verdict:
        """Redis has not heard of an account, or no longer: tell it of those that are asked for, and soon of all."""
        names = [claim.account for claim in claims]
        self._again()
        await shared.round(
            [one for name in names for one in self._entries_of(name)], self._standings(names), self._marks
        )
        verdict = await shared.reserve(id_, claims)
        if isinstance(verdict, Unknown):
            raise RedisAway("Redis does not keep what it is told.")
        return verdict

    def _again(self) -> None:
        """A round, at once, with all entries."""
        self._all = True
        self._wake.set()

    async def _ask(self, used: Collection[str]) -> None:
        asked = [account_called(name) for name in used]
        asked = [account for account in asked if account.kind != PLACES]
        if self._read is None or not asked:
            return
        journals = {one for name in used for one in self._journals_of(name)}
        try:
            answer = await self._read(asked, journals)
        except Unavailable:
            return  # entries stay, and are put again
        marks = {one.journal: one.sequence for one in answer.watermarks}
        standings = {
            Account(one.account.kind, one.account.id, one.account.model).name: Standing(
                one.budget.period, one.budget.spent_nano_usd
            )
            for one in answer.spending
        }
        self.own.round((), standings, marks)
        self._marks, self._answered = marks, frozenset(standings)
        self._gone = {account.name for account in asked} - standings.keys()

    async def _tell(self, used: Collection[str]) -> None:
        shared = self._shared
        if shared is None or shared.line.away:
            return
        owed, self._owed = self._owed, []
        with suppress(RedisAway):
            for sent in owed:
                shared.line.send(sent, lambda _: None)
            if used:
                standings = self._standings(used)
                entries = self._share([one for name in used for one in self._entries_of(name)])
                await shared.round(entries, standings, self._marks)

    def _share(self, entries: list[Entry]) -> list[Entry]:
        """All that there are, if they are few or have to be; else the next of them."""
        size = max(LEAST_A_ROUND, -(-len(entries) // ROUNDS_FOR_ALL))
        if self._all or len(entries) <= size:
            self._all, self._put = False, 0
            return entries
        begin = self._put if self._put < len(entries) else 0
        self._put = begin + size
        return entries[begin : begin + size]

    def _standings(self, names: Collection[str]) -> dict[str, Standing]:
        """What is known of them. Only what the last answer had goes with its watermarks."""
        known = ((name, self.own.get(name)) for name in names)
        return {
            name: one.standing._replace(by_ledger=one.marks is not None and name in self._answered)
            for name, one in known
            if one is not None
        }

    def _entries_of(self, name: str) -> list[Entry]:
        account = self.own.get(name)
        entries = account.entries if account is not None else {}
        return [Entry(name, id_, one.amount, one.journal, one.sequence) for id_, one in entries.items()]

    def _journals_of(self, name: str) -> set[str]:
        account = self.own.get(name)
        return account.journals if account is not None else set()

    def _in_use(self, name: str, now: float) -> bool:
        account = self.own.get(name)
        return account is not None and (account.busy or now - account.used < IN_USE_S)

    def _idle(self, name: str, now: float) -> bool:
        account = self.own.get(name)
        if account is None:
            return False
        unused_s = now - account.used
        return unused_s >= IN_USE_S if name in self._gone else unused_s >= IDLE_S and not account.busy

    def _owe(self, shared: RedisAccounts, id_: str, costs: Costs) -> None:
        """It may have heard of a reservation that was not made."""
        self._keep(shared.settling(id_, costs))

    def _heard(self, sent: bytes, reply: object) -> None:
        if isinstance(reply, Exception):
            self._keep(sent)

    def _keep(self, sent: bytes) -> None:
        """What finds no room lapses with its lease, or is put by a round."""
        if len(self._owed) < MOST_OWED:
            self._owed.append(sent)
