"""A gateway's own book: what it asks the ledger, what it puts again, and what it forgets."""

from __future__ import annotations

from typing import cast

from routeiq.clients.control_accounts import Account
from routeiq.gateway.spending.book import IDLE_S, IN_USE_S, LEAST_A_ROUND, PLACES, Book
from routeiq.kit.accounts import Claim, Entry, Taken
from routeiq.kit.accounts_redis import RedisAccounts
from tests.support.accounting import Clock
from tests.support.spending import Ledger

KEY, PLACE = Account("key", "k", "a/model"), Account(PLACES, "k", "key")


def reserve(book: Book, id_: str = "a", amount: int = 10) -> None:
    claims = [Claim(PLACE.name, 5000, 1), Claim(KEY.name, 10_000, amount)]
    assert isinstance(book.reserve_now(id_, claims, {KEY.name: 7}), Taken)


def figures(book: Book) -> tuple[int, int]:
    account = book.own.get(KEY.name)
    assert account is not None
    return account.spent, account.held


async def test_the_ledger_is_asked_for_what_is_in_use_and_not_for_places() -> None:
    ledger, clock = Ledger(), Clock()
    book = Book(None, ledger.read, clock=clock)
    await book.round()
    assert ledger.asked == []
    reserve(book)
    await book.round()
    assert ledger.asked == [[KEY]]


async def test_what_is_no_longer_in_use_is_asked_for_no_more_and_in_the_end_forgotten() -> None:
    ledger, clock = Ledger(), Clock()
    book = Book(None, ledger.read, clock=clock)
    reserve(book)
    clock.now += 2 * IDLE_S
    await book.round()
    assert len(ledger.asked) == 1
    book.settle("a", [(KEY.name, None), (PLACE.name, None)])
    clock.now += IN_USE_S
    await book.round()
    assert len(ledger.asked) == 1
    assert not list(book.own.names())


async def test_of_a_key_that_was_deleted_nothing_is_kept_although_the_ledger_never_says_that_it_spent_it() -> None:
    ledger, clock = Ledger(), Clock()
    book = Book(None, ledger.read, clock=clock)
    reserve(book)
    book.settle("a", [(KEY.name, 10), (PLACE.name, None)], "journal", 1)
    ledger.deleted.add(KEY)
    await book.round()
    assert figures(book) == (7, 10), "who still asks with it is known by it"
    clock.now += IN_USE_S
    await book.round()
    assert book.own.get(KEY.name) is None


async def test_what_the_caller_brought_counts_until_the_ledger_says_it_better() -> None:
    ledger = Ledger()
    book = Book(None, ledger.read)
    reserve(book)
    assert figures(book) == (7, 10)
    book.settle("a", [(KEY.name, 10), (PLACE.name, None)], "journal", 1)
    ledger.spent[KEY] = 7
    await book.round()
    assert figures(book) == (7, 10)
    ledger.write("journal", 1, {KEY: 10})
    await book.round()
    assert figures(book) == (17, 0)


async def test_without_control_what_is_held_stays_held() -> None:
    ledger = Ledger()
    ledger.away = True
    book = Book(None, ledger.read)
    reserve(book)
    book.settle("a", [(KEY.name, 10), (PLACE.name, None)], "journal", 1)
    await book.round()
    assert figures(book) == (7, 10)
    assert book.mode == "memory"


class Line:
    away = False

    def send(self, *_: object) -> None:
        """Nobody hears it."""


class Hearing:
    """A store that remembers what it was told in rounds."""

    def __init__(self) -> None:
        self.line, self.rounds = Line(), list[set[str]]()

    async def round(self, entries: list[Entry], *_: object) -> int:
        self.rounds.append({one.id for one in entries})
        return 0


async def test_of_many_entries_a_share_is_put_at_each_round_and_all_of_them_in_four() -> None:
    hearing = Hearing()
    book = Book(cast("RedisAccounts", hearing))
    claims = [Claim(PLACE.name, 10**6, 1)]
    book._learn(claims, {})
    for number in range(LEAST_A_ROUND + 500):
        book.own.reserve(f"{number}", claims)
    for _ in range(2):
        await book.round()
    every = {f"{number}" for number in range(LEAST_A_ROUND + 500)}
    assert hearing.rounds[0] == every
    assert [len(one) for one in hearing.rounds[1:]] == [LEAST_A_ROUND, 500]
    assert hearing.rounds[1] | hearing.rounds[2] == every
