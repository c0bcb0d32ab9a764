"""Accounts that many replicas share: in Redis or Valkey, a script for each operation, over one connection, so that what
one replica says is heard in its order. All names share a hash tag: on a cluster they are in one place.

Not exact past nine million dollars of one account: there a script counts to the next nano-USD or two."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from routeiq.kit.accounts import LEASE_S, SWEEP_EVERY_S, Claim, Entry, Refused, Standing, Taken, Unknown, Verdict
from routeiq.kit.accounts_scripts import RESERVE, ROUND, SETTLE
from routeiq.kit.redis import TIMEOUT_S, RedisRefused
from routeiq.kit.redis_line import RedisLine, Reply, command

PREFIX = b"routeiq:{accounts}:v1:"
LIVES_S = 2 * 3600
"""An account that nobody has used: longer than any replica keeps an answer that says what it had spent."""
SWEEP_BESIDE_S = 5.0
MOST_AT_ONCE = 250
"""Entries or accounts in one script, so that none holds Redis up."""
MOST_NAMES = 20_000
_SHA = {
    script: hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest().encode()
    for script in (RESERVE, SETTLE, ROUND)
}
_LOAD = [command([b"SCRIPT", b"LOAD", script.encode()]) for script in _SHA]


class RedisAccounts:
    """`Accounts` of one Redis. Make it anywhere; `close` it. All of it raises RedisAway.

    Args: clock: seconds, for tests; None: Redis' own.  timeout_s: of one question."""

    def __init__(
        self,
        url: str,
        *,
        lease_s: float = LEASE_S,
        clock: Callable[[], float] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.line = RedisLine(url, _LOAD, timeout_s=timeout_s)
        self._lease, self._clock = _ms(lease_s), clock
        self._names: dict[str, bytes] = {}

    async def reserve(self, id_: str, claims: Sequence[Claim]) -> Verdict:
        parts = [self._now(), self._lease, _ms(SWEEP_EVERY_S), id_.encode()]
        for one in claims:
            parts += (b"%d" % one.most, b"%d" % one.amount, b"1" if one.clamp else b"0", b"%d" % one.period)
        sent = self._script(RESERVE, [claim.account for claim in claims], parts)
        return _verdict(claims, await self._asked(sent))

    async def settle(
        self, id_: str, costs: Sequence[tuple[str, int | None]], journal: str = "", sequence: int = 0
    ) -> None:
        await self._asked(self.settling(id_, costs, journal, sequence))

    def settling(
        self, id_: str, costs: Sequence[tuple[str, int | None]], journal: str = "", sequence: int = 0
    ) -> bytes:
        """The same to be sent, for who does not wait for the answer."""
        parts = [self._now(), self._lease, id_.encode(), journal.encode(), b"%d" % sequence]
        parts += [b"%d" % (cost or 0) for _, cost in costs]
        return self._script(SETTLE, [account for account, _ in costs], parts)

    async def round(self, entries: Sequence[Entry], standings: Mapping[str, Standing], marks: Mapping[str, int]) -> int:
        """Returns: how many of the accounts were not known. All of it is sent before this waits, so that nothing that
        is said later can come before it."""
        by: dict[str, list[Entry]] = {name: [] for name in standings}
        for entry in entries:
            if entry.account in by:
                by[entry.account].append(entry)
        said = b";%b;" % b";".join(b"%b=%d" % (journal.encode(), mark) for journal, mark in marks.items())
        sent = [self._rounding(part, standings, said) for part in _parts(by)]
        asked = [self._again(one, self.line.ask(one)) for one in sent]
        return sum(new for new in await asyncio.gather(*asked) if isinstance(new, int))

    async def close(self) -> None:
        await self.line.close()

    def _rounding(self, part: Mapping[str, Sequence[Entry]], standings: Mapping[str, Standing], marks: bytes) -> bytes:
        parts = [self._now(), self._lease, _ms(SWEEP_BESIDE_S), b"%d" % LIVES_S, marks]
        for name, entries in part.items():
            period, spent, by_ledger = standings[name]
            parts += (b"1" if by_ledger else b"0", b"%d" % period, b"%d" % spent, b"%d" % len(entries))
            for _, id_, amount, journal, sequence in entries:
                parts += (id_.encode(), b"%d" % amount, b"%d" % sequence, journal.encode())
        return self._script(ROUND, list(part), parts)

    def _script(self, script: str, accounts: Sequence[str], parts: Sequence[bytes]) -> bytes:
        names = self._names
        keys = [names.get(account) or self._name(account) for account in accounts]
        return command((b"EVALSHA", _SHA[script], b"%d" % len(keys), *keys, *parts))

    def _name(self, account: str) -> bytes:
        """It tells nobody who reads Redis whose it is."""
        if len(self._names) >= MOST_NAMES:
            self._names.clear()
        name = PREFIX + hashlib.blake2b(account.encode(), digest_size=16).hexdigest().encode()
        self._names[account] = name
        return name

    def _now(self) -> bytes:
        return b"" if self._clock is None else _ms(self._clock())

    async def _asked(self, sent: bytes) -> Reply:
        """Where Redis has forgotten the scripts, they are sent again."""
        return await self._again(sent, self.line.ask(sent))

    async def _again(self, sent: bytes, asked: Awaitable[Reply]) -> Reply:
        try:
            return await asked
        except RedisRefused as error:
            if not error.message.startswith("NOSCRIPT"):
                raise
        for load in _LOAD:
            self.line.send(load, lambda _: None)
        return await self.line.ask(sent)


def _verdict(claims: Sequence[Claim], reply: Reply) -> Verdict:
    if reply == 1:
        return Taken(tuple([claim.amount for claim in claims]))
    assert isinstance(reply, bytes), "a script's"
    if reply[:1] == b"t":
        return Taken(tuple(map(int, reply[1:].split())))
    number, *figures = map(int, reply[1:].split())
    claim = claims[number - 1]
    return Unknown(claim.account) if reply[:1] == b"u" else Refused(claim, figures[0], figures[1])


def _parts(by: Mapping[str, Sequence[Entry]]) -> Iterator[dict[str, Sequence[Entry]]]:
    """Pieces of bounded size; an account with many entries is in several."""
    part: dict[str, Sequence[Entry]] = {}
    size = 0
    for name, entries in by.items():
        for begin in range(0, len(entries) or 1, MOST_AT_ONCE):
            piece = entries[begin : begin + MOST_AT_ONCE]
            if part and (size + len(piece) + 1 > MOST_AT_ONCE or name in part):
                yield part
                part, size = {}, 0
            part[name] = piece
            size += len(piece) + 1
    if part:
        yield part


def _ms(seconds: float) -> bytes:
    return b"%d" % round(seconds * 1000)
