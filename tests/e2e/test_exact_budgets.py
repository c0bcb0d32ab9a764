"""Two gateways, PostgreSQL and Redis: a budget pays for what it holds, to the nano-USD."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.chaos.books import complete, read_rows
from tests.chaos.traffic import Got
from tests.chaos.world import ADMIN, INPUT_NANO, OUTPUT_NANO, World, world_in
from tests.support.waiting import PATIENCE_S

PROMPT = "What may this cost, and who is going to pay for it in the end?"
MESSAGES = [{"role": "user", "content": PROMPT}]
INPUT_TOKENS, OUTPUT_TOKENS = len(json.dumps(MESSAGES)) // 4, 30
COST = INPUT_TOKENS * INPUT_NANO + OUTPUT_TOKENS * OUTPUT_NANO
PAID_FOR = 10
FOR_TEN = COST * (PAID_FOR + 0.4) / 1e9
"""Less than eleven cost, and more than ten that are estimated a little too high."""


class Reply(NamedTuple):
    status: int
    cost: int
    """Of the usage that it reports."""
    type: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("budgets")) as world:
        yield world


def made(world: World, path: str, body: dict[str, Any]) -> Any:
    answer = httpx.post(f"{world.urls[0]}{path}", json=body, headers=ADMIN, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text
    return answer.json()


def key_of(world: World, **body: Any) -> str:
    return str(made(world, "/key/generate", body)["key"])


async def ask(client: httpx.AsyncClient, world: World, key: str, number: int, **body: Any) -> Reply:
    stream = number % 4 >= 2
    asked = {"model": "priced", "messages": MESSAGES, "stream": stream, **body}
    asked |= {"stream_options": {"include_usage": True}} if stream else {}
    headers = {"authorization": f"Bearer {key}", "x-request-id": f"{key[-8:]}-{number}-{time.monotonic_ns()}"}
    answer = await client.post(f"{world.urls[number % 2]}/v1/chat/completions", json=asked, headers=headers)
    if answer.status_code != 200:
        return Reply(answer.status_code, 0, answer.json()["error"]["type"])
    lines = [line for line in answer.text.splitlines() if '"usage": {' in line or '"usage":{' in line]
    usage = json.loads(lines[-1].removeprefix("data: "))["usage"]
    return Reply(200, usage["prompt_tokens"] * INPUT_NANO + usage["completion_tokens"] * OUTPUT_NANO, "")


async def burst(world: World, key: str, count: int, **body: Any) -> list[Reply]:
    async with httpx.AsyncClient(timeout=PATIENCE_S, limits=httpx.Limits(max_connections=200)) as client:
        return await asyncio.gather(*(ask(client, world, key, number, **body) for number in range(count)))


def count_passed(replies: Iterable[Reply]) -> int:
    """How many of the requests."""
    return sum(reply.status == 200 for reply in replies)


def ledger_of(world: World, key: str, records: int) -> int:
    """What it says the key's requests cost, once it has them all."""
    url = world.fleet.environ["ROUTEIQ_CONTROL_DATABASE_URL"]
    digest = hashlib.sha256(key.encode()).hexdigest()
    end = time.monotonic() + PATIENCE_S
    while True:
        rows = [row for row in read_rows(url) if row.key_hash == digest and row.cost_nano_usd]
        if len(rows) >= records or time.monotonic() > end:
            assert len(rows) == records
            return sum(row.cost_nano_usd or 0 for row in rows)
        time.sleep(0.2)


@pytest.mark.parametrize("holder", ["key", "team", "user", "member", "budget object"])
async def test_exactly_ten_pass(world: World, holder: str) -> None:
    key = await asyncio.to_thread(_held_by, world, holder)
    replies = await burst(world, key, 100, max_tokens=OUTPUT_TOKENS)
    passed = [reply for reply in replies if reply.status == 200]
    assert len(passed) == PAID_FOR
    assert {reply[::2] for reply in replies if reply.status != 200} == {(422, "budget_exceeded")}
    assert sum(reply.cost for reply in passed) == PAID_FOR * COST
    assert await asyncio.to_thread(ledger_of, world, key, PAID_FOR) == PAID_FOR * COST


def _held_by(world: World, holder: str) -> str:
    budget = {"max_budget": FOR_TEN}
    if holder == "key":
        return key_of(world, **budget)
    if holder == "team":
        return key_of(world, team_id=made(world, "/team/new", budget)["team_id"])
    if holder == "user":
        return key_of(world, user_id=made(world, "/user/new", {**budget, "auto_create_key": False})["user_id"])
    if holder == "budget object":
        return key_of(world, budget_id=made(world, "/budget/new", budget)["budget_id"])
    team = made(world, "/team/new", {})["team_id"]
    user = made(world, "/user/new", {"auto_create_key": False})["user_id"]
    made(world, "/team/member_add", {
        "team_id": team, "member": {"role": "user", "user_id": user}, "max_budget_in_team": FOR_TEN,
    })  # fmt: skip
    return key_of(world, team_id=team, user_id=user)


async def test_a_regenerated_key_has_what_the_old_one_left(world: World) -> None:
    """Also of what still runs, or the ledger does not have yet."""
    old = await asyncio.to_thread(key_of, world, max_budget=FOR_TEN)
    early = asyncio.create_task(burst(world, old, 4, max_tokens=OUTPUT_TOKENS))
    done = await burst(world, old, 3, max_tokens=OUTPUT_TOKENS)
    regenerated = {"key": old, "grace_period": "1h"}
    new = (await asyncio.to_thread(made, world, "/key/regenerate", regenerated))["key"]
    both = await asyncio.gather(
        burst(world, new, 20, max_tokens=OUTPUT_TOKENS), burst(world, old, 20, max_tokens=OUTPUT_TOKENS)
    )
    replies = [*await early, *done, *both[0], *both[1]]
    assert count_passed(replies) == PAID_FOR


async def test_a_key_that_gets_its_former_text_again_spends_nothing_twice(world: World) -> None:
    """While something runs under each, and the ledger has little of it yet."""
    text = f"sk-{uuid.uuid4()}"
    key, early, replies = await asyncio.to_thread(key_of, world, key=text, max_budget=FOR_TEN), [], []
    for new in (f"sk-{uuid.uuid4()}", text):
        early.append(asyncio.create_task(burst(world, key, 4, max_tokens=OUTPUT_TOKENS)))
        replies += await burst(world, key, 2, max_tokens=OUTPUT_TOKENS)
        asked = {"key": key, "new_key": new, "grace_period": "1h"}
        key = (await asyncio.to_thread(made, world, "/key/regenerate", asked))["key"]
    replies += await burst(world, key, 20, max_tokens=OUTPUT_TOKENS)
    for some in early:
        replies += await some
    assert count_passed(replies) == PAID_FOR


async def test_a_deleted_keys_text_made_anew_is_another_key(world: World) -> None:
    """At once, with nothing of what the old one had spent, or still runs."""
    text = f"sk-{uuid.uuid4()}"
    old = await asyncio.to_thread(key_of, world, key=text, max_budget=FOR_TEN)
    early = asyncio.create_task(burst(world, old, 20, max_tokens=OUTPUT_TOKENS))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(made, world, "/key/delete", {"keys": [old]})
    new = await asyncio.to_thread(key_of, world, key=text, max_budget=FOR_TEN)
    replies = await asyncio.gather(*(burst(world, new, 20, max_tokens=OUTPUT_TOKENS) for _ in range(2)))
    await early
    assert sum(map(count_passed, replies)) == PAID_FOR


async def test_who_is_given_a_regenerated_keys_former_text_pays_for_nobody_else(world: World) -> None:
    text = f"sk-{uuid.uuid4()}"
    old = await asyncio.to_thread(key_of, world, key=text, max_budget=FOR_TEN)
    early = asyncio.create_task(burst(world, old, 6, max_tokens=OUTPUT_TOKENS))
    await asyncio.sleep(0.05)
    new = (await asyncio.to_thread(made, world, "/key/regenerate", {"key": old}))["key"]
    other = await asyncio.to_thread(key_of, world, key=text, max_budget=FOR_TEN)
    replies = await early
    await asyncio.sleep(2)  # for the ledger to have them
    for key, most in ((new, PAID_FOR - count_passed(replies)), (other, PAID_FOR)):
        assert count_passed(await burst(world, key, 20, max_tokens=OUTPUT_TOKENS)) == most


async def test_without_a_limit_nobody_is_refused_while_something_is_left(world: World) -> None:
    key = await asyncio.to_thread(key_of, world, max_budget=FOR_TEN)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        replies = [await ask(client, world, key, number) for number in range(14)]
    assert [reply.status for reply in replies] == [200] * (PAID_FOR + 1) + [422] * 3


async def test_without_a_limit_what_runs_at_once_may_go_beyond_by_what_it_exceeds_its_estimates(world: World) -> None:
    key = await asyncio.to_thread(key_of, world, max_budget=FOR_TEN)
    replies = await burst(world, key, 60)
    passed = count_passed(replies)
    assert passed >= PAID_FOR
    assert await asyncio.to_thread(ledger_of, world, key, passed) == passed * COST
    later = await burst(world, key, 4)
    assert {reply.status for reply in later} == {422}


@pytest.mark.parametrize("leaves_after", [1, 2, 5, 11, 19, 29])
async def test_who_leaves_is_billed_for_what_was_sent(world: World, leaves_after: int) -> None:
    key = await asyncio.to_thread(key_of, world)
    got = Got(f"leaves-{leaves_after}-{time.monotonic_ns()}", key, 200)
    body = {"model": "priced", "messages": MESSAGES, "stream": True, "max_tokens": OUTPUT_TOKENS}
    headers = {"authorization": f"Bearer {key}", "x-request-id": got.id}
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
        client.stream("POST", f"{world.urls[0]}/v1/chat/completions", json=body, headers=headers) as answer,
    ):
        async for line in answer.aiter_lines():
            got.tokens += '"content"' in line
            if got.tokens == leaves_after:
                break
    url = world.fleet.environ["ROUTEIQ_CONTROL_DATABASE_URL"]
    books = await asyncio.to_thread(complete, url, world.book, {got.id: got})
    own = [row for row in books.rows if row.request_id == got.id]
    assert [problem for problem in books.problems() if got.id in problem] == []
    assert leaves_after <= own[0].output_tokens < OUTPUT_TOKENS
    assert (own[0].error, own[0].metered) == ("client_disconnected", True)


async def test_redis_away_and_back_empty(world: World) -> None:
    """Half of the budget is spent; Redis dies, requests go on; it comes back empty, and the other half is left."""
    key = await asyncio.to_thread(key_of, world, max_budget=FOR_TEN)
    half = await burst(world, key, 5, max_tokens=OUTPUT_TOKENS)
    assert [reply.status for reply in half] == [200] * 5
    back = await asyncio.to_thread(world.kill, "valkey")
    begun = time.monotonic()
    meanwhile = await burst(world, key, 2, max_tokens=OUTPUT_TOKENS)
    away_s = time.monotonic() - begun
    await asyncio.to_thread(back)
    await asyncio.sleep(5)
    later = await burst(world, key, 10, max_tokens=OUTPUT_TOKENS)
    assert [reply.status for reply in meanwhile] == [200] * 2
    assert away_s < 5
    assert count_passed(later) == PAID_FOR - 7
