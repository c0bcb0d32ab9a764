"""Stores of accounts for tests: each as `kit.accounts` has the seam, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import pytest

from routeiq.kit.accounts import Accounts, Claim, Entry, Standing, Verdict
from routeiq.kit.accounts_memory import MemoryAccounts
from routeiq.kit.accounts_redis import RedisAccounts
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S

STORES = ("memory", "redis")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Awaited:
    """`MemoryAccounts` for who awaits."""

    def __init__(self, store: MemoryAccounts) -> None:
        self.store = store

    async def reserve(self, id_: str, claims: Sequence[Claim]) -> Verdict:
        return self.store.reserve(id_, claims)

    async def settle(
        self, id_: str, costs: Sequence[tuple[str, int | None]], journal: str = "", sequence: int = 0
    ) -> None:
        self.store.settle(id_, costs, journal, sequence)

    async def round(
        self, entries: Sequence[Entry], standings: Mapping[str, Standing], marks: Mapping[str, int]
    ) -> None:
        self.store.round(entries, standings, marks)


_numbers = count()


class Store:
    """One of them, empty: its accounts have names of their own. `close` it in the loop that used it."""

    def __init__(self, kind: str, url: str = "", lease_s: float = 30.0) -> None:
        self.clock = Clock()
        self._kind, self._url, self._lease_s = kind, url, lease_s
        self.lose()

    @property
    def accounts(self) -> Accounts:
        return self._redis or Awaited(self._memory)

    def name(self, account: str) -> str:
        return f"{self._prefix}:{account}"

    def lose(self) -> None:
        """All that it had."""
        self._prefix = f"test-{next(_numbers)}"
        self._memory = MemoryAccounts(self._lease_s, self.clock)
        redis = getattr(self, "_redis", None)
        if self._kind == "redis" and redis is None:
            redis = RedisAccounts(self._url, lease_s=self._lease_s, clock=self.clock, timeout_s=PATIENCE_S)
        self._redis: RedisAccounts | None = redis

    async def figures(self, account: str) -> tuple[int, int] | None:
        """Spent and held, as a claim that is refused hears it; None: it is not known."""
        verdict = await self.accounts.reserve("nobody", [Claim(self.name(account), 0, 0)])
        return (verdict.spent, verdict.held) if hasattr(verdict, "spent") else None

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.close()


@pytest.fixture(params=STORES)
def store_kind(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Which, and its address."""
    if request.param == "redis":
        server: Valkey = request.getfixturevalue("valkey")
        yield request.param, server.url
    else:
        yield request.param, ""
