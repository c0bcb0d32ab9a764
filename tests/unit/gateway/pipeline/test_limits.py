"""Limits by the minute: what is counted, what is said, what is given back."""

from __future__ import annotations

import json

import pytest

from routeiq.kit.counters import MemoryCounters
from tests.support.clocks import WallClock
from tests.support.limited import AUTH, PROMPT_TOKENS, chat, counted, limited, limits
from tests.support.passing import TwinExchange, says, silent, turns
from tests.support.prompt_gateway import DOWN, FINE, Bench
from tests.support.streams import HEAD, LAST, chunk
from tests.support.twins import ANSWER, FRAMES

ANSWERED = 8
"""Tokens of `FINE` and of `FRAMES`."""
ENDS = 60
WHOLE_STREAM = b"".join(FRAMES)


@pytest.fixture
def counters() -> MemoryCounters:
    return MemoryCounters(WallClock())


async def ended(one: Bench, body: bytes = b"") -> TwinExchange:
    exchange = one.begin(body or chat(), AUTH)
    await exchange.ended()
    return exchange


def rates(exchange: TwinExchange) -> dict[str, str]:
    shown = ("x-ratelimit-", "retry-after", "rate_limit_type", "reset_at")
    return {name: value for name, value in exchange.headers.items() if name.startswith(shown)}


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_says_what_is_left(alike: bool, stream: bool, counters: MemoryCounters) -> None:
    clock = counters._clock
    clock.at += 17.5  # type: ignore[attr-defined]  # the test's
    one = await limited(alike=alike, counters=counters, limits=limits(rpm=2, tpm=100))
    one.pool.script.append(lambda peer: peer.say(HEAD, chunk(WHOLE_STREAM), LAST) if stream else FINE(peer))
    exchange = await ended(one, chat(stream=stream, max_tokens=20))
    assert exchange.status == 200
    assert (exchange.task is None) is alike
    assert rates(exchange) == {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": str(counters.ends),
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "43s",
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": str(100 - PROMPT_TOKENS - 20),
        "x-ratelimit-reset-tokens": "43s",
        "x-ratelimit-api_key-limit-requests": "2",
        "x-ratelimit-api_key-remaining-requests": "1",
        "x-ratelimit-api_key-limit-tokens": "100",
        "x-ratelimit-api_key-remaining-tokens": str(100 - PROMPT_TOKENS - 20),
    }
    assert counted(counters) == [1, ANSWERED]
    assert one.idle


async def test_who_has_no_limit_hears_nothing(counters: MemoryCounters) -> None:
    one = await limited(counters=counters, user=limits(max_parallel=3))
    one.pool.script.append(FINE)
    exchange = await ended(one)
    assert (exchange.status, rates(exchange), counted(counters)) == (200, {}, [])


@pytest.mark.parametrize("alike", [True, False])
async def test_a_refusal_says_when_to_come_again_and_no_upstream_is_called(
    alike: bool, counters: MemoryCounters
) -> None:
    one = await limited(alike=alike, counters=counters, limits=limits(rpm=1))
    one.pool.script.append(FINE)
    assert (await ended(one)).status == 200
    counters._clock.at += 50.2  # type: ignore[attr-defined]  # the test's
    exchange = await ended(one)
    assert (exchange.status, one.pool.requests, one.ended.refusals) == (429, 1, [429])
    (key_hash,) = one.edge._gateway.callers._control.rows.keys  # type: ignore[attr-defined]  # the test's
    found = json.loads(exchange.body_sent)["error"]
    assert (found["type"], found["code"], found["param"]) == ("rate_limit_error", "rate_limit_exceeded", None)
    assert found["message"].startswith(
        f"Rate limit exceeded for api_key: {key_hash}. Limit type: requests. Current limit: 1, Remaining: 0. "
        "Limit resets at: 20"
    )
    assert found["message"].endswith(":00 UTC")
    said = rates(exchange)
    assert (said["retry-after"], said["rate_limit_type"]) == ("10", "requests")
    assert (said["x-ratelimit-limit"], said["x-ratelimit-remaining"]) == ("1", "0")
    assert said["x-ratelimit-reset"] == str(counters.ends)
    assert found["message"].endswith(said["reset_at"])
    counters._clock.at += 10  # type: ignore[attr-defined]  # the test's
    one.pool.script.append(FINE)
    assert (await ended(one)).status == 200
    assert 'gateway_rate_limited_total{holder="api_key",type="requests"} 1.0' in metrics(one)


def metrics(one: Bench) -> str:
    from prometheus_client import generate_latest  # noqa: PLC0415  # for one test

    return generate_latest(one.edge._gateway.registry).decode()


async def test_all_holders_let_a_request_in_or_none_counts_it(counters: MemoryCounters) -> None:
    one = await limited(
        counters=counters,
        limits=limits(rpm=9),
        user=limits(rpm=9),
        team=limits(rpm=1, tpm=1000),
        member=limits(rpm=9),
    )
    one.pool.script.append(FINE)
    first = await ended(one)
    assert {name for name in rates(first) if name.endswith("limit-requests")} == {
        f"x-ratelimit-{name}limit-requests" for name in ("", "api_key-", "user-", "team-", "team_member-")
    }
    assert first.headers["x-ratelimit-remaining"] == "0"
    second = await ended(one)
    assert "exceeded for team: blue. " in second.body_sent.decode()
    assert second.headers["x-ratelimit-api_key-remaining-requests"] == "8"
    assert counted(counters) == [1, 1, 1, 1, ANSWERED]


async def test_a_member_is_named_as_litellm_names_it() -> None:
    one = await limited(member=limits(rpm=0))
    assert "exceeded for team_member: blue:ada. " in (await ended(one)).body_sent.decode()


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (chat(messages=[]), 400), (chat(model="other"), 403), (chat(model="none"), 404)],
)
async def test_what_is_wrong_in_itself_takes_nothing(body: bytes, status: int, counters: MemoryCounters) -> None:
    one = await limited(counters=counters, limits=limits(rpm=1), models=["m", "none"])
    assert (await ended(one, body)).status == status
    assert counted(counters) == []


async def test_what_failed_keeps_its_request_and_gives_its_tokens_back(counters: MemoryCounters) -> None:
    one = await limited(counters=counters, limits=limits(rpm=5, tpm=100))
    one.pool.script.append(DOWN)
    exchange = await ended(one, chat(max_tokens=50))
    assert (exchange.status, counted(counters)) == (503, [1])
    assert exchange.headers["x-ratelimit-remaining"] == "4"


@pytest.mark.parametrize("alike", [True, False])
async def test_a_client_that_leaves_pays_for_what_was_relayed(alike: bool, counters: MemoryCounters) -> None:
    one = await limited(alike=alike, counters=counters, limits=limits(tpm=1000))
    event = b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % (b"x" * 1000)
    one.pool.script.append(lambda peer: peer.say(HEAD, chunk(event)))
    exchange = one.begin(chat(stream=True, max_tokens=500), AUTH)
    await turns(30)
    exchange.leave()
    await turns(30)
    assert counted(counters) == [PROMPT_TOKENS + len(exchange.body_sent) // 200]
    assert one.idle


async def test_a_client_that_leaves_before_an_answer_pays_for_its_prompt(counters: MemoryCounters) -> None:
    one = await limited(counters=counters, limits=limits(rpm=5, tpm=1000))
    one.pool.script.append(silent)
    exchange = one.begin(chat(max_tokens=500), AUTH)
    await turns(5)
    exchange.leave()
    await turns(5)
    assert counted(counters) == [1, PROMPT_TOKENS]


async def test_an_answer_that_does_not_say_costs_its_estimate(counters: MemoryCounters) -> None:
    one = await limited(counters=counters, limits=limits(tpm=1000))
    one.pool.script.append(says(200, ANSWER.partition(b',"usage"')[0] + b"}"))
    assert (await ended(one, chat(max_tokens=30))).status == 200
    assert counted(counters) == [PROMPT_TOKENS + 30]


async def test_tokens_of_requests_that_run_are_reserved(counters: MemoryCounters) -> None:
    one = await limited(counters=counters, connections=2, limits=limits(tpm=100))
    one.pool.script.extend([silent, FINE])
    one.begin(chat(max_tokens=60), AUTH)
    await turns(5)
    second = await ended(one, chat(max_tokens=60))
    assert second.status == 429
    assert second.headers["rate_limit_type"] == "tokens"
    assert second.headers["x-ratelimit-remaining"] == str(100 - PROMPT_TOKENS - 60)
    assert (await ended(one, chat(max_tokens=10))).status == 200


async def test_what_can_never_fit_is_let_in_alone(counters: MemoryCounters) -> None:
    one = await limited(counters=counters, limits=limits(tpm=50))
    one.pool.script.append(FINE)
    first = await ended(one, chat(max_tokens=4000))
    assert (first.status, first.headers["x-ratelimit-remaining-tokens"]) == (200, "0")
    assert counted(counters) == [ANSWERED]
    assert (await ended(one, chat(max_tokens=4000))).status == 429


async def test_what_was_more_than_estimated_counts_in_the_minute_in_which_that_is_known(
    counters: MemoryCounters,
) -> None:
    one = await limited(counters=counters, limits=limits(tpm=1000))
    held = []
    one.pool.script.append(held.append)
    exchange = one.begin(chat(), AUTH)
    await turns(5)
    counters._clock.at += ENDS  # type: ignore[attr-defined]  # the test's
    usage = b'"usage":{"prompt_tokens":100,"completion_tokens":200}'
    says(200, b'{"choices":[],%b}' % usage)(held[0])
    await exchange.ended()
    assert counted(counters) == [300 - PROMPT_TOKENS]
