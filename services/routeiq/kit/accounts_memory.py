"""`Accounts` of this process alone: a dictionary, and nobody waits."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from math import inf

from routeiq.kit.accounts import LEASE_S, SWEEP_EVERY_S, Claim, Entry, Refused, Standing, Taken, Unknown, Verdict


class _Held:
    """Of one request, in one account."""

    __slots__ = ("amount", "journal", "lapses", "sequence")

    def __init__(self, amount: int, lapses: float, journal: str, sequence: int) -> None:
        self.amount, self.lapses, self.journal, self.sequence = amount, lapses, journal, sequence


class _Ended:
    """What requests cost that are over, and of which nothing else is asked: by the sequences of their records in one
    journal, which grow."""

    __slots__ = ("costs", "sequences")

    def __init__(self) -> None:
        self.sequences, self.costs = array("q"), array("q")

    def add(self, sequence: int, cost: int) -> None:
        self.sequences.append(sequence)
        self.costs.append(cost)

    def passed(self, mark: int) -> int:
        """What those cost up to that sequence, which are gone then."""
        count = bisect_right(self.sequences, mark)
        cost = sum(self.costs[:count])
        del self.sequences[:count], self.costs[:count]
        return cost


class Account:
    """One of `MemoryAccounts`. `marks`: the watermarks that `spent` was read with; None: it was not."""

    __slots__ = ("ended", "entries", "held", "journals", "marks", "period", "spent", "swept", "used")

    def __init__(self, standing: Standing) -> None:
        self.period, self.spent = standing.period, standing.spent
        self.held, self.swept, self.used = 0, 0.0, 0.0
        self.marks: dict[str, int] | None = None
        self.entries: dict[str, _Held] = {}
        self.ended: dict[str, _Ended] = {}
        """By journal; of a store that keeps no names of them."""
        self.journals: set[str] = set()
        """In which the records of its requests are; also some of those that have gone since it was last told."""

    @property
    def standing(self) -> Standing:
        return Standing(self.period, self.spent, self.marks is not None)

    @property
    def busy(self) -> bool:
        """Whether anything is held."""
        return bool(self.entries) or bool(self.ended)

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

    def end(self, id_: str, cost: int, journal: str, sequence: int) -> None:
        """It is over, and nobody will name it again."""
        self.drop(id_)
        ended = self.ended.get(journal)
        if ended is None:
            ended = self.ended[journal] = _Ended()
            self.journals.add(journal)
        ended.add(sequence, cost)
        self.held += cost

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
        for id_ in passed:
            self.drop(id_)
        for journal, ended in list(self.ended.items()):
            self.held -= ended.passed(marks.get(journal, 0))
            if ended.sequences:
                journals.add(journal)
            else:
                del self.ended[journal]
        self.journals = journals

    def sweep(self, now: float) -> None:
        """What nobody has put again is gone."""
        if now - self.swept >= SWEEP_EVERY_S:
            self.swept = now
            for id_ in [id_ for id_, one in self.entries.items() if one.lapses <= now]:
                self.drop(id_)


class MemoryAccounts:
    """Of this process alone: the same as `Accounts`, without waiting. Args: lease_s: `inf` where all entries are one's
    own.  clock: seconds.  names: False: nobody puts entries of requests again that are over. A hundred thousand, for
    which a slow ledger may have to be waited, take 2 MB then instead of 30."""

    def __init__(
        self, lease_s: float = LEASE_S, clock: Callable[[], float] = time.monotonic, *, names: bool = True
    ) -> None:
        self._lease_s, self._clock, self._names = lease_s, clock, names
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
            elif self._names:
                account.put(id_, cost, self._clock() + self._lease_s, journal, sequence)
            else:
                account.end(id_, cost, journal, sequence)

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
