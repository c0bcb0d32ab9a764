"""What may still be spent by whom, and what is on its way to be spent: `most - spent - held`, decided in one step over
all accounts of a request (docs/adr/0023).

`spent` is what the ledger says. `held` is the sum of the *entries* of requests that the ledger does not have yet: what
one was allowed while it runs, what it cost afterwards, until the ledger's watermark of the journal that has its record
has passed that. Places for requests that run at one time are accounts of which nothing is ever spent.

No store is the truth. Whoever has entries puts them again, with a lease, and hands on what the ledger says. `Accounts`
is the seam: many replicas share one store, and one replica has a dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
