"""Whatever comes in whatever order: each nano-USD is counted once, in every store."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from routeiq.kit.accounts import Claim, Entry, Refused, Standing, Taken, Unknown
from tests.support.accounting import Store

ACCOUNTS = ("key", "team")
GATEWAYS = (0, 1)
some = st.sampled_from


class Ledger:
    """What control has."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(ACCOUNTS, 0)
        self.periods = dict.fromkeys(ACCOUNTS, 1)
        self.marks = dict.fromkeys(("journal-0", "journal-1"), 0)

    def read(self) -> tuple[dict[str, Standing], dict[str, int]]:
        return {one: Standing(self.periods[one], self.spent[one]) for one in ACCOUNTS}, dict(self.marks)


class Replica:
    """A gateway: its own entries, its journal, and what the ledger last said to it."""

    def __init__(self, number: int, ledger: Ledger) -> None:
        self.journal, self.sequence = f"journal-{number}", 0
        self.running: dict[str, dict[str, int]] = {}
        self.paid: dict[int, tuple[str, dict[str, int]]] = {}
        """By sequence, as far as its own answer has not passed them."""
        self.records: dict[int, dict[str, int]] = {}
        """That the ledger does not have."""
        self.answer = ledger.read()

    def entries(self) -> list[Entry]:
        found = [Entry(name, id_, held) for id_, by in self.running.items() for name, held in by.items()]
        for sequence, (id_, by) in self.paid.items():
            found += [Entry(name, id_, cost, self.journal, sequence) for name, cost in by.items()]
        return found


class Machine(RuleBasedStateMachine):
    def __init__(self, kind: tuple[str, str]) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store = Store(*kind)
        self.ledger = Ledger()
        self.replicas = [Replica(number, self.ledger) for number in GATEWAYS]
        self.told = dict.fromkeys(GATEWAYS, True)
        """Whether a replica has put its entries since the store was lost."""
        self.count = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.run(asyncio.sleep(0))
        self.loop.close()

    def named(self, entries: list[Entry]) -> list[Entry]:
        return [one._replace(account=self.store.name(one.account)) for one in entries]

    def put(self, number: int) -> None:
        replica = self.replicas[number]
        standings, marks = replica.answer
        named = {self.store.name(name): one for name, one in standings.items()}
        self.run(self.store.accounts.round(self.named(replica.entries()), named, marks))
        self.told[number] = True

    @initialize()
    def begin(self) -> None:
        self.put(0)

    @rule(
        number=some(GATEWAYS), who=st.sets(some(ACCOUNTS), min_size=1), amount=st.integers(0, 60),
        most=st.integers(0, 200), clamp=st.booleans(),
    )  # fmt: skip
    def reserve(self, number: int, who: set[str], amount: int, most: int, clamp: bool) -> None:
        replica, id_ = self.replicas[number], f"request-{self.count}"
        self.count += 1
        claims = [
            Claim(self.store.name(name), most, amount, clamp, replica.answer[0][name].period) for name in sorted(who)
        ]
        verdict = self.run(self.store.accounts.reserve(id_, claims))
        if isinstance(verdict, Unknown):
            self.put(number)
            verdict = self.run(self.store.accounts.reserve(id_, claims))
        if isinstance(verdict, Taken):
            assert clamp or set(verdict.amounts) == {amount}
            replica.running[id_] = dict(zip(sorted(who), verdict.amounts, strict=True))
        else:
            assert isinstance(verdict, Refused)
            left = verdict.claim.most - verdict.spent - verdict.held
            assert left <= 0 or (amount > left and not clamp)

    @rule(number=some(GATEWAYS), data=st.data(), cost=st.none() | st.integers(0, 80))
    def settle(self, number: int, data: st.DataObject, cost: int | None) -> None:
        replica = self.replicas[number]
        if not replica.running:
            return
        id_ = data.draw(some(sorted(replica.running)))
        names = replica.running.pop(id_)
        replica.sequence += 1
        costs = {name: cost for name in names if cost}
        replica.records[replica.sequence] = costs
        if costs:
            replica.paid[replica.sequence] = (id_, costs)
        said = [(self.store.name(name), cost) for name in names]
        self.run(self.store.accounts.settle(id_, said, replica.journal, replica.sequence))

    @rule(number=some(GATEWAYS), records=st.integers(1, 4))
    def commit(self, number: int, records: int) -> None:
        """The ledger gets the next of a journal's records."""
        replica = self.replicas[number]
        for sequence in sorted(replica.records)[:records]:
            for name, cost in replica.records.pop(sequence).items():
                self.ledger.spent[name] += cost
            self.ledger.marks[replica.journal] = sequence

    @rule(number=some(GATEWAYS))
    def read(self, number: int) -> None:
        """The answer is here; it is handed on at the next round, or later."""
        replica = self.replicas[number]
        replica.answer = self.ledger.read()
        passed = replica.answer[1][replica.journal]
        replica.paid = {sequence: one for sequence, one in replica.paid.items() if sequence > passed}

    @rule(number=some(GATEWAYS))
    def round(self, number: int) -> None:
        self.put(number)

    @rule(name=some(ACCOUNTS))
    def reset(self, name: str) -> None:
        self.ledger.periods[name] += 1
        self.ledger.spent[name] = 0

    @rule()
    def lose(self) -> None:
        self.store.lose()
        self.told = dict.fromkeys(GATEWAYS, False)

    @rule(number=some(GATEWAYS))
    def die(self, number: int) -> None:
        """A replica's running requests are gone with it; its journal comes again."""
        for each in GATEWAYS:
            self.put(each)
        replica = self.replicas[number]
        for id_, by in replica.running.items():
            replica.sequence += 1
            replica.records[replica.sequence] = by
            replica.paid[replica.sequence] = (f"{id_}-again", by)
        replica.running = {}
        for _ in range(2):
            self.store.clock.now += 16
            for each in GATEWAYS:
                self.put(each)

    @invariant()
    def each_is_counted_once(self) -> None:
        for name in ACCOUNTS:
            figures = self.run(self.store.figures(name))
            if figures is None:
                continue
            spent, held = figures
            assert spent >= 0
            assert held >= 0
            if all(self.told.values()) and self.current(name):
                assert spent + held == self.truth(name), name

    def current(self, name: str) -> bool:
        """Whether the store is in the ledger's period: it is, if any replica has told it."""
        period = self.ledger.periods[name]
        known = self.run(self.store.accounts.reserve("nobody", [Claim(self.store.name(name), 0, 0, period=period)]))
        return isinstance(known, Refused)

    def truth(self, name: str) -> int:
        running = sum(by.get(name, 0) for one in self.replicas for by in one.running.values())
        waiting = sum(by.get(name, 0) for one in self.replicas for by in one.records.values())
        return self.ledger.spent[name] + running + waiting


def test_each_nano_usd_is_counted_once(store_kind: tuple[str, str]) -> None:
    examples = 400 if store_kind[0] == "memory" else 100
    run_state_machine_as_test(
        lambda: Machine(store_kind),
        settings=settings(
            max_examples=examples, stateful_step_count=40, deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )  # fmt: skip
