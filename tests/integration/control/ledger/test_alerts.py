"""Who is to hear of a budget does, once, over a real server; on both databases."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import delete, select
from starlette.types import Receive, Scope, Send

from routeiq.clients.control_accounts import Account
from routeiq.control.spending.counting import Counting
from routeiq.control.spending.delivery import LEASE, Delivery
from routeiq.control.spending.destinations import destinations_of
from routeiq.control.spending.forgetting import Forgetting
from routeiq.control.store.tables import BudgetAlert, User
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from tests.support.config_documents import loaded
from tests.support.holders import DAILY, HASH, NOW, TOMORROW, USD, Holders, budget, charge, key, member, team, user
from tests.support.http_server import serving
from tests.support.terms import document
from tests.support.waiting import PATIENCE_S

KEY = Account("key", HASH)
BOTH = ("slack", "webhook")


class Desk:
    """Whom alerts reach. `answers`: the next statuses; then 200. `gate`: while it is clear, nobody is answered."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.answers: dict[str, list[int]] = {}
        self.url = ""
        self.gate, self.asked = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        self.asked.set()
        await self.gate.wait()
        name = scope["path"].strip("/")
        left = self.answers.get(name, [])
        status = left.pop(0) if left else 200
        if status == 200:
            self.heard.append((name, json.loads(body)))
        headers = [(b"location", self.url.encode())] if status == 307 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def told(self, name: str) -> list[Any]:
        return [body for to, body in self.heard if to == name]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    async with serving(made) as server:
        made.url = f"http://{server.address}"
        yield made


def delivery(holders: Holders, desk: Desk) -> Delivery:
    urls = {name: f"{desk.url}/{name}" for name in BOTH}
    guard = OutboundGuard(OutboundPolicy(), Origin.DOCUMENT)
    return Delivery(holders.database, lambda: holders.now, urls, guard)


async def spend(holders: Holders, nano_usd: int, account: Account = KEY) -> None:
    async with holders.database.transaction() as session:
        await Counting(holders.calendar, BOTH)(session, [charge(account, nano_usd, holders.now)], holders.now)


async def alerts(holders: Holders) -> list[BudgetAlert]:
    async with holders.database.reading() as session:
        return list(await session.scalars(select(BudgetAlert).order_by(BudgetAlert.period, BudgetAlert.threshold)))


async def test_each_threshold_is_told_once(holders: Holders, desk: Desk) -> None:
    await holders.add(key(alias="ci", max_budget_nano_usd=10 * USD, soft_budget_nano_usd=6 * USD))
    for _ in range(11):
        await spend(holders, USD)
        await delivery(holders, desk).deliver()
    events = [(one["event"], one["threshold_percent"], one["spend"]) for one in desk.told("webhook")]
    assert events == [
        ("threshold_crossed", 50, 5.0), ("soft_budget_crossed", None, 6.0), ("threshold_crossed", 80, 8.0),
        ("budget_crossed", 100, 10.0),
    ]  # fmt: skip
    assert len(desk.told("slack")) == 4


async def test_a_new_period_is_told_of_anew(holders: Holders, desk: Desk) -> None:
    await holders.add(key(max_budget_nano_usd=10 * USD, **DAILY))
    await spend(holders, 5 * USD)
    holders.now = TOMORROW
    await spend(holders, 5 * USD)
    assert [(one.threshold, one.period > 0) for one in await alerts(holders)] == [(50, False), (50, True)]


async def test_an_event_is_litellms_and_names_no_key(holders: Holders, desk: Desk) -> None:
    await holders.add(user(alias="Ann", email="ann@example.com"), team(alias="Search"))
    await holders.add(
        key(alias="<!channel> & co", user_id="ann", team_id="search", max_budget_nano_usd=3 * USD // 2, **DAILY)
    )
    await spend(holders, 4 * USD // 5)
    await delivery(holders, desk).deliver()
    [event], [text] = desk.told("webhook"), desk.told("slack")
    message = "Key <!channel> & co: 50% of the budget is spent: 0.8 of 1.5 USD. It begins anew at 2026-11-22 00:00 UTC."
    assert event == {
        "event": "threshold_crossed", "event_group": "key", "event_message": message, "spend": 0.8, "max_budget": 1.5,
        "soft_budget": None, "token": HASH, "key_alias": "<!channel> & co", "user_id": "ann",
        "user_email": "ann@example.com", "team_id": "search", "team_alias": "Search", "organization_id": None,
        "customer_id": None, "projected_exceeded_date": None, "projected_spend": None, "threshold_percent": 50,
        "model": None, "budget_reset_at": TOMORROW.isoformat(),
    }  # fmt: skip
    assert text == {"text": message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


@pytest.mark.parametrize(
    ("account", "group", "who"),
    [
        (Account("user", "ann"), "user", "User Ann"),
        (Account("team", "search"), "team", "Team Search"),
        (Account("member", "search/ann"), "team_member", "Member Ann of team Search"),
        (Account("key", HASH, "gpt-4o"), "key", "Key sk-...abab, model gpt-4o"),
    ],
)
async def test_holders_are_named_as_people_call_them(
    holders: Holders, desk: Desk, account: Account, group: str, who: str
) -> None:
    await holders.add(budget(max_budget_nano_usd=USD))
    await holders.add(user(alias="Ann", max_budget_nano_usd=USD), team(alias="Search", max_budget_nano_usd=USD))
    await holders.add(member(budget_id="trial"), key(model_max_budget={"gpt-4o": 1}))
    await spend(holders, USD * 9 // 10, account)
    assert await delivery(holders, desk).deliver() == 2
    told = {one["event_message"] for one in desk.told("webhook")}
    assert told == {
        f"{who}: {percent}% of the budget is spent: 0.9 of 1 USD. It never begins anew." for percent in (50, 80)
    }
    assert {one["event_group"] for one in desk.told("webhook")} == {group}


async def test_who_was_reached_is_not_told_again_when_another_was_not(holders: Holders, desk: Desk) -> None:
    await holders.add(key(max_budget_nano_usd=2 * USD))
    await spend(holders, USD)
    desk.answers["slack"] = [500, 404, 307]
    for passed in (0, 5, 10, 20):
        holders.later(seconds=passed)
        assert await delivery(holders, desk).deliver() == 1
        assert await delivery(holders, desk).deliver() == 0
    assert (len(desk.told("webhook")), len(desk.told("slack"))) == (1, 1)
    [one] = await alerts(holders)
    assert (one.delivered_at, one.attempts) == (holders.now, 4)


async def test_one_whose_deliverer_died_is_anothers_after_its_lease(holders: Holders, desk: Desk) -> None:
    await holders.add(key(max_budget_nano_usd=2 * USD))
    await spend(holders, USD)
    desk.gate.clear()
    stalled = asyncio.create_task(delivery(holders, desk).deliver())
    await asyncio.wait_for(desk.asked.wait(), PATIENCE_S)
    stalled.cancel()
    await asyncio.wait([stalled])
    desk.gate.set()
    assert await delivery(holders, desk).deliver() == 0
    holders.now += LEASE
    assert await delivery(holders, desk).deliver() == 1
    assert len(desk.told("webhook")) >= 1
    assert [one.attempts for one in await alerts(holders)] == [2]


async def test_several_replicas_deliver_each_once(holders: Holders, desk: Desk) -> None:
    keys = [f"{number:064x}" for number in range(30)]
    await holders.add(*(key(one, max_budget_nano_usd=2 * USD) for one in keys))
    for one in keys:
        await spend(holders, USD, Account("key", one))
    await asyncio.gather(*(delivery(holders, desk).deliver() for _ in range(4)))
    while await delivery(holders, desk).deliver():
        pass
    assert sorted(one["token"] for one in desk.told("webhook")) == keys


async def test_the_suites_own_servers_are_never_told(holders: Holders, desk: Desk) -> None:
    await holders.add(key(max_budget_nano_usd=2 * USD))
    await spend(holders, USD)
    port = int(desk.url.rpartition(":")[2])
    policy = OutboundPolicy().with_own_services([("127.0.0.1", port)])
    guarded = Delivery(
        holders.database, lambda: holders.now, {"webhook": f"{desk.url}/webhook"},
        OutboundGuard(policy, Origin.DOCUMENT),
    )  # fmt: skip
    assert await guarded.deliver() == 1
    assert desk.heard == []


async def test_without_destinations_nothing_is_put(holders: Holders) -> None:
    await holders.add(key(max_budget_nano_usd=2 * USD))
    async with holders.database.transaction() as session:
        await Counting(holders.calendar)(session, [charge()], NOW)
    assert await alerts(holders) == []


async def test_a_budget_of_nothing_is_spent_at_once(holders: Holders) -> None:
    await holders.add(key(max_budget_nano_usd=0))
    await spend(holders, 1)
    assert [one.threshold for one in await alerts(holders)] == [100]


def test_the_document_says_who_and_the_environment_where() -> None:
    said = loaded(document("", "alerting: [slack, webhook, email]")).document
    environ = {"ALERTING_WEBHOOK_URL": "https://b.example", "SLACK_WEBHOOK_URL": "https://a.example"}
    assert destinations_of(said, environ) == {"slack": "https://a.example"}
    assert destinations_of(said, {"WEBHOOK_URL": "https://c.example"}) == {"webhook": "https://c.example"}
    assert destinations_of(loaded(document("")).document, environ) == {}


async def test_old_alerts_are_let_go_but_those_that_still_say_no(holders: Holders, desk: Desk) -> None:
    """Of the last period of somebody who is there: else it would be told again."""
    await holders.add(key(max_budget_nano_usd=2 * USD, **DAILY), user(max_budget_nano_usd=2 * USD))
    await spend(holders, USD)
    await spend(holders, USD, Account("user", "ann"))
    await delivery(holders, desk).deliver()
    forgetting = Forgetting(holders.database, lambda: holders.now)
    holders.later(days=1)
    await spend(holders, USD)
    await delivery(holders, desk).deliver()
    assert await forgetting.forget() == 0
    holders.later(days=91)
    assert await forgetting.forget() == 1
    assert [(kind, period > 0) for kind, period in await kept(holders)] == [("key", True), ("user", False)]
    async with holders.database.transaction() as session:
        await session.execute(delete(User))
    assert await forgetting.forget() == 1
    assert [kind for kind, _ in await kept(holders)] == ["key"]


async def kept(holders: Holders) -> list[tuple[str, int]]:
    async with holders.database.reading() as session:
        rows = await session.execute(select(BudgetAlert.kind, BudgetAlert.period).order_by(BudgetAlert.kind))
        return [(row.kind, row.period) for row in rows]
