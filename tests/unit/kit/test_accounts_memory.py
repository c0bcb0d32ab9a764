"""A store that keeps no names of what is over holds and spends what one does that keeps them."""

from __future__ import annotations

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as some

from routeiq.kit.accounts import Claim, Standing, Taken
from routeiq.kit.accounts_memory import MemoryAccounts

STEPS = some.lists(
    some.tuples(some.sampled_from(["reserve", "settle", "settle", "free", "tell", "renew"]), some.integers(0, 2**16)),
    max_size=60,
)


class Run:
    """One account of one store, and a ledger that is told late."""

    def __init__(self, *, names: bool) -> None:
        self.store = MemoryAccounts(lease_s=inf, names=names)
        self.running: list[str] = []
        self.costs: list[int] = []
        self.period, self.began, self.told = 1, 0, 0
        self.store.round((), {"a": Standing(1, 0)}, {})

    def step(self, action: str, number: int) -> None:
        if action == "reserve":
            self.began += 1
            if isinstance(self.store.reserve(f"i{self.began}", [Claim("a", 100_000, number % 5000)]), Taken):
                self.running.append(f"i{self.began}")
        elif action == "settle" and self.running:
            self.costs.append(number % 7000)
            name = self.running.pop(number % len(self.running))
            self.store.settle(name, [("a", self.costs[-1])], "j", len(self.costs))
        elif action == "free" and self.running:
            self.store.settle(self.running.pop(number % len(self.running)), [("a", None)])
        elif action == "tell":
            self.told += number % (len(self.costs) - self.told + 1)
            self.tell()
        elif action == "renew" and number % 4 == 0:
            self.period += 1
            self.tell()

    def tell(self) -> None:
        spent = sum(self.costs[: self.told]) if self.period == 1 else 0
        self.store.round((), {"a": Standing(self.period, spent)}, {"j": self.told})

    @property
    def figures(self) -> tuple[int, int, bool, list[str]]:
        account = self.store.get("a")
        assert account is not None
        return account.spent, account.held, account.busy, self.running


@settings(deadline=None)
@given(STEPS)
def test_both_come_to_the_same(steps: list[tuple[str, int]]) -> None:
    named, unnamed = Run(names=True), Run(names=False)
    for action, number in steps:
        named.step(action, number)
        unnamed.step(action, number)
        assert unnamed.figures == named.figures
        account = unnamed.store.get("a")
        assert account is not None
        assert account.entries.keys() == set(unnamed.running)


def test_of_what_is_over_the_journal_is_known_until_the_ledger_has_it() -> None:
    store = MemoryAccounts(lease_s=inf, names=False)
    store.round((), {"a": Standing(1, 0)}, {})
    store.reserve("i", [Claim("a", 100, 10)])
    store.settle("i", [("a", 10)], "j", 7)
    account = store.get("a")
    assert account is not None
    store.round((), {"a": Standing(1, 0)}, {"j": 6})
    assert (account.held, account.journals, account.busy) == (10, {"j"}, True)
    store.round((), {"a": Standing(1, 10)}, {"j": 7})
    assert (account.held, account.journals, account.busy) == (0, set(), False)
