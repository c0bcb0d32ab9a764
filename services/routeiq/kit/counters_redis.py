"""`Counters` of all processes that share a Redis: each counts by itself, and tells the others some twenty times a
second.

Of every key Redis has, for the minute, how many each process counted: numbers and not steps, so that what was lost on
the way is said again and what came twice counts once. A round says the numbers that have changed here and brings what
the others have counted for the same keys; it runs beside, and nobody waits for it.

**How far a limit may be overshot.** A process learns of what others counted at the latest two rounds after it counted
something itself: so all together let in at most what each lets in within two rounds (a tenth of a second) after the
limit was reached; one process alone lets in none.

Without Redis each counts for itself (`alone`) until it is back; then it says all that it has counted in this minute,
for a Redis that has lost its memory, and is joined again within a second.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import structlog

from routeiq.kit.counters import MINUTE_S, Limit, MemoryCounters
from routeiq.kit.redis import LOOK_EVERY_S, Redis, RedisAway

if TYPE_CHECKING:
    from redis.asyncio import Redis as Client

log = structlog.get_logger()

PREFIX = "routeiq:rates:v1:"
EVERY_S = 0.05
IDLE_S = 5.0
"""Where nothing changes, Redis is asked so often whether it is there."""
TIMEOUT_S = 0.5
"""Nobody waits for a round, so it may take longer than what somebody waits for."""
LIVES_S = 2 * MINUTE_S
"""Clocks differ."""
MOST_KEYS = 256
"""In one script: some 2 ms, for Redis and for us."""
_SCRIPT = """
local totals = {}
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, ARGV[1], ARGV[i + 2])
  redis.call('EXPIRE', key, ARGV[2])
  local total = 0
  for _, count in ipairs(redis.call('HVALS', key)) do total = total + tonumber(count) end
  totals[i] = string.format('%.0f', total)
end
return totals
"""
"""Sent each time: a few hundred bytes, and no command that somebody forbids (SCRIPT LOAD)."""


class RedisCounters(MemoryCounters):
    """Make it anywhere; `start` it in the running loop; `close` it. Args: clock: Unix time."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float] = time.time, every_s: float = EVERY_S) -> None:
        super().__init__(clock)
        self._redis, self._every_s = redis, every_s
        self._who = uuid.uuid4().hex
        self._own: dict[str, int] = {}
        """What was counted here; `_counts` has what the others did, too."""
        self._changed: set[str] = set()
        """The keys of the next round."""
        self._something = asyncio.Event()
        self.alone = True
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._redis.start()
        self._task = asyncio.create_task(self._work(), name="counters")

    async def close(self) -> None:
        """What was counted last is told."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            with suppress(RedisAway):
                await self.round()
        await self._redis.close()

    async def round(self) -> None:
        """Raises: RedisAway."""
        self._follow()
        ends, self._changed, changed = self.ends, set(), list(self._changed)
        self._something.clear()
        try:
            for start in range(0, max(len(changed), 1), MOST_KEYS):
                if ends == self.ends:
                    await self._exchange(ends, changed[start : start + MOST_KEYS])
        except BaseException:
            if ends == self.ends:
                self._changed.update(changed)
            raise

    def full(self, limits: Sequence[Limit], tokens: int = 0) -> Limit | None:
        full = super().full(limits, tokens)
        if full is not None:
            self._tell(full.key)  # others may have given something back
        return full

    def _count(self, key: str, amount: int) -> None:
        self._counts[key] = self._counts.get(key, 0) + amount
        self._own[key] = self._own.get(key, 0) + amount
        self._tell(key)

    def _tell(self, key: str) -> None:
        """In the next round, which asks, too."""
        if not self._changed:
            self._something.set()
        self._changed.add(key)

    def _turn(self) -> None:
        super()._turn()
        self._own, self._changed = {}, set()

    async def _work(self) -> None:
        while True:
            try:
                await self.round()
                self._found()
            except RedisAway:
                self._lost()
            except Exception:  # the edge of the task: the next round may do better
                log.exception("counters.round_failed")
                self._lost()
            await self._next()

    async def _next(self) -> None:
        """Until a round is due."""
        if self.alone:
            await asyncio.sleep(LOOK_EVERY_S)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                await self._something.wait()
            await asyncio.sleep(self._every_s)

    def _found(self) -> None:
        if self.alone:
            self.alone = False
            log.info("counters.joined")
            for key in self._own:
                self._tell(key)

    def _lost(self) -> None:
        if not self.alone:
            self.alone = True
            log.warning("counters.alone")

    async def _exchange(self, ends: int, keys: Sequence[str]) -> None:
        """Of no keys it says only that we live."""
        said = [self._own.get(key, 0) for key in keys]
        names = [f"{PREFIX}{ends}:{key}" for key in keys] or [f"{PREFIX}alive:{self._who}"]

        async def run(client: Client) -> list[bytes]:
            answer: Any = client.eval(_SCRIPT, len(names), *names, self._who, LIVES_S, *(map(str, said or [0])))
            return cast("list[bytes]", await answer)

        totals = await self._redis.run(run)
        self._follow()
        if ends == self.ends:
            for key, own, total in zip(keys, said, totals, strict=False):
                self._counts[key] = int(total) - own + self._own.get(key, 0)
