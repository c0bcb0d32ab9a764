"""What every store of accounts does, in memory and in Redis."""

from __future__ import annotations

from routeiq.kit.accounts import Claim, Entry, Refused, Standing, Taken, Unknown
from tests.support.accounting import Store


async def know(store: Store, *names: str, spent: int = 0, period: int = 0) -> None:
    await store.accounts.round([], {store.name(name): Standing(period, spent) for name in names}, {})


def claim(store: Store, name: str, most: int, amount: int, *, clamp: bool = False, period: int = 0) -> Claim:
    return Claim(store.name(name), most, amount, clamp, period)


async def test_what_is_left_is_what_is_neither_spent_nor_held(store: Store) -> None:
    await know(store, "key", spent=60)
    assert await store.accounts.reserve("a", [claim(store, "key", 100, 30)]) == Taken((30,))
    wanted = claim(store, "key", 100, 11)
    assert await store.accounts.reserve("b", [wanted]) == Refused(wanted, 60, 30)
    assert await store.accounts.reserve("b", [claim(store, "key", 100, 10)]) == Taken((10,))


async def test_of_several_accounts_all_pay_or_none(store: Store) -> None:
    await know(store, "key", "team")
    poor = claim(store, "team", 5, 10)
    assert await store.accounts.reserve("a", [claim(store, "key", 100, 10), poor]) == Refused(poor, 0, 0)
    assert await store.figures("key") == (0, 0)


async def test_a_guess_takes_what_is_left_and_is_refused_where_nothing_is(store: Store) -> None:
    await know(store, "key", "team", spent=95)
    guesses = [claim(store, "key", 100, 50, clamp=True), claim(store, "team", 1000, 50, clamp=True)]
    assert await store.accounts.reserve("a", guesses) == Taken((5, 50))
    assert await store.accounts.reserve("b", guesses) == Refused(guesses[0], 95, 5)


async def test_an_account_that_may_spend_nothing_lets_nothing_through(store: Store) -> None:
    await know(store, "key")
    for free in (claim(store, "key", 0, 0), claim(store, "key", 0, 0, clamp=True)):
        assert await store.accounts.reserve("a", [free]) == Refused(free, 0, 0)


async def test_who_asks_of_an_account_that_is_not_known_hears_which(store: Store) -> None:
    await know(store, "key")
    claims = [claim(store, "key", 100, 10), claim(store, "team", 100, 10)]
    assert await store.accounts.reserve("a", claims) == Unknown(store.name("team"))
    assert await store.figures("key") == (0, 0)


async def test_a_period_that_the_store_has_not_seen_is_not_known(store: Store) -> None:
    await know(store, "key", spent=100, period=3)
    later = claim(store, "key", 100, 10, period=4)
    assert await store.accounts.reserve("a", [later]) == Unknown(later.account)
    await store.accounts.round([], {later.account: Standing(4, 0, by_ledger=False)}, {})
    assert await store.accounts.reserve("a", [later]) == Taken((10,))
    assert await store.accounts.reserve("b", [claim(store, "key", 100, 10, period=3)]) == Taken((10,))


async def test_a_reservation_becomes_what_the_request_cost(store: Store) -> None:
    await know(store, "key")
    await store.accounts.reserve("a", [claim(store, "key", 100, 80)])
    await store.accounts.settle("a", [(store.name("key"), 25)], "journal", 1)
    assert await store.figures("key") == (0, 25)


async def test_a_request_that_cost_nothing_holds_nothing(store: Store) -> None:
    await know(store, "key", "team")
    for id_, cost in (("a", None), ("b", 0)):
        await store.accounts.reserve(id_, [claim(store, "key", 100, 10)])
        await store.accounts.settle(id_, [(store.name("key"), cost), (store.name("team"), cost)], "journal", 1)
    assert (await store.figures("key"), await store.figures("team")) == ((0, 0), (0, 0))


async def test_where_there_is_no_journal_it_is_spent_at_once(store: Store) -> None:
    await know(store, "key")
    await store.accounts.reserve("a", [claim(store, "key", 100, 80)])
    await store.accounts.settle("a", [(store.name("key"), 25)])
    assert await store.figures("key") == (25, 0)


async def test_a_cost_may_fall_to_an_account_that_nothing_was_reserved_of(store: Store) -> None:
    await know(store, "served")
    await store.accounts.settle("a", [(store.name("served"), 25), (store.name("unknown"), 25)], "journal", 1)
    assert await store.figures("served") == (0, 25)
    assert await store.figures("unknown") is None


async def test_what_the_ledger_has_is_held_no_more(store: Store) -> None:
    await know(store, "key")
    for number in (1, 2, 3):
        await store.accounts.reserve(f"{number}", [claim(store, "key", 100, 10)])
        await store.accounts.settle(f"{number}", [(store.name("key"), 10)], "journal", number)
    await store.accounts.round([], {store.name("key"): Standing(0, 20)}, {"journal": 2, "other": 9})
    assert await store.figures("key") == (20, 10)


async def test_an_entry_that_is_put_again_after_the_ledger_has_it_is_left_out(store: Store) -> None:
    key = store.name("key")
    await store.accounts.round([], {key: Standing(0, 20)}, {"journal": 2})
    old = [Entry(key, "1", 10, "journal", 1), Entry(key, "3", 10, "journal", 3), Entry(key, "9", 10, "another", 1)]
    await store.accounts.round(old, {key: Standing(0, 10)}, {"journal": 1})
    assert await store.figures("key") == (20, 20)


async def test_an_older_answer_of_the_ledger_changes_nothing(store: Store) -> None:
    key = store.name("key")
    await store.accounts.round([], {key: Standing(2, 50)}, {"journal": 9})
    for older in (Standing(2, 40), Standing(1, 90), Standing(2, 60, by_ledger=False)):
        await store.accounts.round([Entry(key, "8", 5, "journal", 8)], {key: older}, {"journal": 5})
        assert await store.figures("key") == (50, 0)


async def test_what_is_spent_begins_again_in_a_new_period_and_what_runs_stays_held(store: Store) -> None:
    key = store.name("key")
    running, paid = Entry(key, "a", 7), Entry(key, "b", 5, "journal", 4)
    await store.accounts.round([running, paid], {key: Standing(1, 90)}, {"journal": 3})
    assert await store.figures("key") == (90, 12)
    await store.accounts.round([running, paid], {key: Standing(2, 0)}, {"journal": 4})
    assert await store.figures("key") == (0, 7)


async def test_a_cost_that_fell_into_a_period_that_is_over_is_held_no_more(store: Store) -> None:
    key = store.name("key")
    await store.accounts.round([Entry(key, "a", 5, "journal", 4)], {key: Standing(2, 0)}, {"journal": 3})
    store.clock.now += 6
    await store.accounts.round([], {key: Standing(2, 0)}, {"journal": 4})
    assert await store.figures("key") == (0, 0)


async def test_what_a_caller_brought_gives_way_to_the_ledger_at_the_same_figure(store: Store) -> None:
    key = store.name("key")
    await store.accounts.round([], {key: Standing(0, 10, by_ledger=False)}, {})
    await store.accounts.round([Entry(key, "1", 10, "journal", 1)], {}, {})
    await store.accounts.round([Entry(key, "1", 10, "journal", 1)], {key: Standing(0, 10)}, {"journal": 1})
    assert await store.figures("key") == (10, 0)


async def test_an_entry_that_nobody_puts_again_lapses(store: Store) -> None:
    await know(store, "key")
    await store.accounts.reserve("a", [claim(store, "key", 100, 60)])
    store.clock.now += 20
    await store.accounts.reserve("b", [claim(store, "key", 100, 40)])
    refused = await store.accounts.reserve("c", [claim(store, "key", 100, 1)])
    assert isinstance(refused, Refused)
    store.clock.now += 11
    assert await store.accounts.reserve("c", [claim(store, "key", 100, 60)]) == Taken((60,))


async def test_an_entry_that_is_put_again_stays(store: Store) -> None:
    await know(store, "key")
    key = store.name("key")
    await store.accounts.reserve("a", [claim(store, "key", 100, 60)])
    for _ in range(5):
        store.clock.now += 20
        await store.accounts.round([Entry(key, "a", 60)], {key: Standing(0, 0)}, {})
    assert await store.figures("key") == (0, 60)


async def test_a_round_drops_what_has_lapsed(store: Store) -> None:
    await know(store, "key")
    key = store.name("key")
    await store.accounts.reserve("a", [claim(store, "key", 100, 60)])
    store.clock.now += 31
    await store.accounts.round([], {key: Standing(0, 0)}, {})
    assert await store.accounts.reserve("b", [claim(store, "key", 100, 100)]) == Taken((100,))


async def test_who_asks_twice_is_counted_once(store: Store) -> None:
    await know(store, "key")
    for amount in (60, 80):
        taken = await store.accounts.reserve("a", [claim(store, "key", 100, amount)])
        assert taken == Taken((amount,))
    assert await store.figures("key") == (0, 80)


async def test_places_for_requests_at_one_time_are_an_account_too(store: Store) -> None:
    await know(store, "places")
    place = claim(store, "places", 2, 1)
    assert [type(await store.accounts.reserve(id_, [place])) for id_ in "abc"] == [Taken, Taken, Refused]
    await store.accounts.settle("a", [(place.account, None)])
    assert await store.accounts.reserve("c", [place]) == Taken((1,))


async def test_large_amounts_are_exact(store: Store) -> None:
    most = 2**53 - 1
    await know(store, "key", spent=most - 10)
    assert await store.accounts.reserve("a", [claim(store, "key", most, 9)]) == Taken((9,))
    assert isinstance(await store.accounts.reserve("b", [claim(store, "key", most, 2)]), Refused)
    assert await store.accounts.reserve("b", [claim(store, "key", most, 2, clamp=True)]) == Taken((1,))


async def test_a_round_of_many_entries_counts_them_all(store: Store) -> None:
    names = [store.name(f"key-{number}") for number in range(300)]
    entries = [Entry(name, f"{name}-{number}", 1, "journal", number) for name in names[:3] for number in range(700)]
    await store.accounts.round(entries, {name: Standing(0, 1) for name in names}, {"journal": 99})
    assert await store.figures("key-0") == (1, 600)
    assert await store.figures("key-299") == (1, 0)
