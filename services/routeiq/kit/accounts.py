"""What may still be spent by whom, and what is on its way to be spent: `most - spent - held`, decided in one step over
all accounts of a request (docs/adr/0023).

`spent` is what the ledger says. `held` is the sum of the *entries* of requests that the ledger does not have yet: what
one was allowed while it runs, what it cost afterwards, until the ledger's watermark of the journal that has its record
has passed that. Places for requests that run at one time are accounts of which nothing is ever spent.

No store is the truth. Whoever has entries puts them again, with a lease, and hands on what the ledger says. `Accounts`
is the seam: many replicas share one store, and one replica has a dictionary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Final, NamedTuple, Protocol

LEASE_S: Final = 30.0
"""How long an entry stays that nobody puts again."""
SWEEP_EVERY_S: Final = 1.0
MOST_SAFE: Final = 2**53
"""Nano-USD that a script of Redis can count one by one: nine million dollars."""


class Claim:
    """`amount` of what `account` may spend in its `period`, in which `most` is allowed. `clamp`: of an amount that is a
    guess it takes what is left, if anything is."""

    __slots__ = ("account", "amount", "clamp", "most", "period")

    def __init__(self, account: str, most: int, amount: int, clamp: bool = False, period: int = 0) -> None:
        self.account, self.most, self.amount = account, most, amount
        self.clamp, self.period = clamp, period


class Taken:
    """`amounts`: what is held now, in the order of the claims."""

    __slots__ = ("amounts",)

    def __init__(self, amounts: tuple[int, ...]) -> None:
        self.amounts = amounts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Taken) and self.amounts == other.amounts

    def __hash__(self) -> int:
        return hash(self.amounts)


class Refused(NamedTuple):
    """Nothing is taken, because of `claim`."""

    claim: Claim
    spent: int
    held: int


class Unknown(NamedTuple):
    """Nothing is taken: the store does not know what `account` has spent in that period. `round` tells it."""

    account: str


Verdict = Taken | Refused | Unknown


class Standing(NamedTuple):
    """What an account has spent. `by_ledger`: it was read with the watermarks that come along; else it is only better
    than nothing."""

    period: int
    spent: int
    by_ledger: bool = True


class Entry(NamedTuple):
    """`amount` of one account. `journal`, `sequence`: where the record of its request is; none while that runs."""

    account: str
    id: str
    amount: int
    journal: str = ""
    sequence: int = 0


class Accounts(Protocol):
    """A store of them. Amounts are whole numbers, not negative."""

    async def reserve(self, id_: str, claims: Sequence[Claim]) -> Verdict:
        """All of the claims, or nothing. An id that has reserved before has its amounts replaced."""
        ...

    async def settle(
        self, id_: str, costs: Sequence[tuple[str, int | None]], journal: str = "", sequence: int = 0
    ) -> None:
        """A request is over. What it cost each account is held until the ledger has it; None and 0: nothing is. Where
        there is no journal, it is spent at once: no ledger will say so."""
        ...

    async def round(
        self, entries: Sequence[Entry], standings: Mapping[str, Standing], marks: Mapping[str, int]
    ) -> object:
        """Once a second: put `entries` again, all of them one's own; hand on what the ledger says. Entries whose record
        it has go in the step in which `spent` says so."""
        ...


class _Held:
    """Of one request, in one account."""

    __slots__ = ("amount", "journal", "lapses", "sequence")

    def __init__(self, amount: int, lapses: float, journal: str, sequence: int) -> None:
        self.amount, self.lapses, self.journal, self.sequence = amount, lapses, journal, sequence


class Account:
    """One of `MemoryAccounts`. `marks`: the watermarks that `spent` was read with; None: it was not."""

    __slots__ = ("entries", "held", "journals", "marks", "period", "spent", "swept", "used")

    def __init__(self, standing: Standing) -> None:
        self.period, self.spent = standing.period, standing.spent
        self.held, self.swept, self.used = 0, 0.0, 0.0
        self.marks: dict[str, int] | None = None
        self.entries: dict[str, _Held] = {}
        self.journals: set[str] = set()
        """In which the records of its entries are; also some of those that have gone since it was last told."""

    @property
    def standing(self) -> Standing:
        return Standing(self.period, self.spent, self.marks is not None)

    def passed(self, journal: str, sequence: int) -> bool:
        """Whether `spent` has what that record cost."""
        return bool(journal) and self.marks is not None and sequence <= self.marks.get(journal, 0)

    def put(self, id_: str, amount: int, lapses: float, journal: str = "", sequence: int = 0) -> None:
        if journal:
            self.journals.add(journal)
        known = self.entries.get(id_)
        if known is None:
            self.entries[id_] = _Held(amount, lapses, journal, sequence)
            self.held += amount
        else:
            self.held += amount - known.amount
            known.amount, known.lapses, known.journal, known.sequence = amount, lapses, journal, sequence

    def drop(self, id_: str) -> None:
        known = self.entries.get(id_)
        if known is not None:
            del self.entries[id_]
            self.held -= known.amount

    def tell(self, standing: Standing, marks: dict[str, int]) -> None:
        """Answers may come late: within a period `spent` only grows, and what is older says nothing."""
        newer = standing.period > self.period
        if not newer and (not standing.by_ledger or standing.period < self.period or standing.spent < self.spent):
            return
        if newer or standing.spent > self.spent or self.marks is None:
            self.period, self.spent = standing.period, standing.spent
            self.marks = marks if standing.by_ledger else None
        if standing.by_ledger:
            self._pass(marks)

    def _pass(self, marks: dict[str, int]) -> None:
        """Also where nothing more was spent: what a request cost in a period that is over is not spent in this one."""
        passed, journals = list[str](), set[str]()
        for id_, one in self.entries.items():
            if not one.journal:
                continue
            if one.sequence <= marks.get(one.journal, 0):
                passed.append(id_)
            else:
                journals.add(one.journal)
        self.journals = journals
        for id_ in passed:
            self.drop(id_)

    def sweep(self, now: float) -> None:
        """What nobody has put again is gone."""
        if now - self.swept >= SWEEP_EVERY_S:
            self.swept = now
            for id_ in [id_ for id_, one in self.entries.items() if one.lapses <= now]:
                self.drop(id_)


class MemoryAccounts:
    """Of this process alone: the same as `Accounts`, without waiting. Args: lease_s: `inf` where all entries are one's
    own.  clock: seconds."""

    def __init__(self, lease_s: float = LEASE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease_s, self._clock = lease_s, clock
        self._accounts: dict[str, Account] = {}

    def get(self, account: str) -> Account | None:
        return self._accounts.get(account)

    def names(self) -> Iterable[str]:
        return self._accounts

    def reserve(self, id_: str, claims: list[Claim]) -> Verdict:
        now, found, amounts = self._clock(), [], []
        for claim in claims:
            account = self._accounts.get(claim.account)
            if account is None or account.period < claim.period:
                return Unknown(claim.account)
            amount = _allowed(account, id_, claim)
            if amount is None:
                self._sweep(account, now)
                amount = _allowed(account, id_, claim)
            if amount is None:
                return Refused(claim, account.spent, account.held)
            found.append(account)
            amounts.append(amount)
        lapses = now + self._lease_s
        for number, account in enumerate(found):
            account.used = now
            account.put(id_, amounts[number], lapses)
        return Taken(tuple(amounts))

    def settle(self, id_: str, costs: list[tuple[str, int | None]], journal: str = "", sequence: int = 0) -> None:
        for name, cost in costs:
            account = self._accounts.get(name)
            if account is None:
                continue  # it was lost meanwhile; the next round puts the entry
            if not cost or not journal or account.passed(journal, sequence):
                account.drop(id_)
                if cost and not journal:
                    account.spent += cost
            else:
                account.put(id_, cost, self._clock() + self._lease_s, journal, sequence)

    def round(self, entries: Iterable[Entry], standings: Mapping[str, Standing], marks: Mapping[str, int]) -> None:
        now, kept = self._clock(), dict(marks)
        for name, standing in standings.items():
            account = self._accounts.get(name)
            if account is None:
                account = self._accounts[name] = Account(standing)
                account.marks, account.used = kept if standing.by_ledger else None, now
            else:
                account.tell(standing, kept)
                self._sweep(account, now)
        for name, id_, amount, journal, sequence in entries:
            account = self._accounts.get(name)
            if account is not None and not account.passed(journal, sequence):
                account.put(id_, amount, now + self._lease_s, journal, sequence)

    def forget(self, account: str) -> None:
        self._accounts.pop(account, None)

    def _sweep(self, account: Account, now: float) -> None:
        if self._lease_s < inf:
            account.sweep(now)


def _allowed(account: Account, id_: str, claim: Claim) -> int | None:
    """What may be held for the claim; None: it is refused."""
    left = claim.most - account.spent - account.held
    if account.entries:
        known = account.entries.get(id_)
        if known is not None:
            left += known.amount
    if left <= 0 or (claim.amount > left and not claim.clamp):
        return None
    return min(claim.amount, left)
