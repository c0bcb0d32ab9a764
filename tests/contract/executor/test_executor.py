"""The seam between deciding and executing: what any executor does with a plan, and what it reports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from routeiq.config.price import INPUT, OUTPUT, costs_in, price_of
from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.walk import Fallback
from routeiq.gateway.plan import Fallbacks, Usage
from routeiq.kit.asgi import Answer
from tests.support.executing import FINE, GONE, Calling, Client, Says, member, plan, says, serving
from tests.support.twins import ANSWER, FRAMES

ExecutorOf = Callable[[Calling], Any]
Script = Mapping[str, Sequence[Says]]

EU, US = member("eu", "m", candidate="m"), member("us", "m", candidate="m")
BACKUP, LAST, LONG, LAX = (member(name, name) for name in ("backup", "last", "long", "lax"))
GROUPS = Fallbacks(((BACKUP,), (LAST,)), ((LONG,),), ((LAX,),))


class Bench:
    """One executor, its provider and its client."""

    def __init__(self, executor_of: ExecutorOf, script: Script | None = None) -> None:
        self.calling = Calling(serving(EU, US, BACKUP, LAST, LONG, LAX), script)
        self.executor = executor_of(self.calling)
        self.client = Client()

    @property
    def calls(self) -> list[str]:
        return self.calling.provider.calls

    async def run(self, *deployments: Deployment, **fields: Any) -> Client:
        made = plan(*(deployments or (EU, US)), clock=self.calling.clock, **fields)
        await self.executor.execute(made, self.client.answer, self.client.outcomes.append)
        assert self.in_flight == 0
        return self.client

    @property
    def in_flight(self) -> int:
        return self.calling.live_in_flight("eu", "us", "backup", "last", "long", "lax")


def error_code(client: Client) -> str:
    return str(json.loads(client.body)["error"]["code"])


async def test_the_answer_is_relayed_and_reported(executor_of: ExecutorOf) -> None:
    client = await Bench(executor_of).run()
    outcome = client.outcome
    assert (client.status, client.body) == (200, ANSWER)
    assert (outcome.status, outcome.deployment, outcome.usage, outcome.error) == (200, EU, Usage(3, 5), "")
    (only,) = outcome.attempts
    assert (only.deployment, only.candidate, only.status, only.reason, only.group) == (EU.id, "m", 200, "", 0)
    assert only.seconds == pytest.approx(0.1)
    assert (client.headers["x-routeiq-model"], client.headers["x-routeiq-attempts"]) == ("m", "m=200")
    assert client.headers["x-litellm-attempted-retries"] == client.headers["x-litellm-attempted-fallbacks"] == "0"


async def test_a_stream_is_relayed_frame_by_frame(executor_of: ExecutorOf) -> None:
    client = await Bench(executor_of).run(stream=True)
    assert [message["body"] for message in client.messages[1:-1]] == [FRAMES[0], FRAMES[2]]
    assert client.outcome.usage == Usage(3, 5)


PRICED = member("eu", "m", candidate="m", price=price_of(costs_in({INPUT: 1e-6, OUTPUT: 2e-6})))


async def test_an_answer_says_what_it_cost_where_that_is_known(executor_of: ExecutorOf) -> None:
    known = await Bench(executor_of).run(PRICED)
    unknown = await Bench(executor_of).run(EU)
    assert {name: value for name, value in known.headers.items() if "cost" in name} == {
        "x-litellm-response-cost": "0.000013",
        "x-litellm-response-cost-input": "0.000003",
        "x-litellm-response-cost-output": "0.00001",
    }
    assert "cost" not in str(unknown.headers)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_stream_and_a_refusal_say_no_cost(executor_of: ExecutorOf, stream: bool) -> None:
    client = await Bench(executor_of, {} if stream else {"eu": [says(400)]}).run(PRICED, stream=stream)
    assert "cost" not in str(client.headers)


async def test_a_passing_failure_is_tried_again_elsewhere_at_once(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [says(429, "rate_limit_exceeded")]})
    client = await bench.run()
    assert (client.status, bench.calls, bench.calling.clock.sleeps) == (200, ["eu", "us"], [])
    assert client.headers["x-routeiq-attempts"] == "m#eu=429,m#us=200"
    assert client.headers["x-litellm-attempted-retries"] == "1"
    assert [one.reason for one in client.outcome.attempts] == ["rate_limit_exceeded", ""]
    assert client.outcome.fallback == ""


async def test_retry_after_is_waited_for(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [says(429, retry_after="3"), FINE]})
    client = await bench.run(EU)
    assert (client.status, bench.calling.clock.sleeps) == (200, [3.0])


async def test_a_retry_after_past_the_deadline_ends_it_and_is_passed_on(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [says(429, retry_after="30")]})
    client = await bench.run(EU, within_s=20)
    assert (client.status, client.headers["retry-after"], bench.calls) == (429, "30", ["eu"])


async def test_no_call_begins_past_the_deadline(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [Says(503, seconds=9)], "us": [Says(503, seconds=9)]})
    client = await bench.run(within_s=10, fallbacks=GROUPS)
    assert (client.status, bench.calls) == (503, ["eu", "us"])


async def test_fallback_groups_are_tried_in_order(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [GONE], "us": [says(500)], "backup": [says(503, "overloaded")]})
    client = await bench.run(retries=1, fallbacks=GROUPS)
    assert bench.calls == ["eu", "us", "backup", "backup", "last"]
    assert (client.status, client.headers["x-routeiq-model"]) == (200, "last")
    assert client.headers["x-routeiq-fallback"] == "upstream_failed"
    assert client.headers["x-routeiq-attempts"] == "m#eu=502,m#us=500,backup=503,backup=503,last=200"
    assert client.headers["x-litellm-attempted-fallbacks"] == "2"
    assert client.headers["x-litellm-attempted-retries"] == "2"
    assert client.outcome.fallback is Fallback.UPSTREAM_FAILED
    assert [one.group for one in client.outcome.attempts] == [0, 0, 1, 1, 2]


async def test_the_deployment_that_is_called_is_the_fallbacks(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [says(500)]})
    await bench.run(EU, retries=0, fallbacks=GROUPS)
    assert [one.model for _, one in bench.calling.provider.requests] == ["eu", "backup"]


@pytest.mark.parametrize(
    ("code", "calls", "reason"),
    [
        ("context_length_exceeded", ["eu", "long"], Fallback.CONTEXT_WINDOW),
        ("content_filter", ["eu", "lax"], Fallback.CONTENT_POLICY),
    ],
)
async def test_special_errors_have_their_own_lists(
    executor_of: ExecutorOf, code: str, calls: list[str], reason: Fallback
) -> None:
    bench = Bench(executor_of, {"eu": [says(400, code)]})
    client = await bench.run(fallbacks=GROUPS)
    assert (client.status, bench.calls, client.outcome.fallback) == (200, calls, reason)
    assert client.headers["x-routeiq-fallback"] == reason


async def test_without_its_list_a_long_prompt_goes_to_the_general_one(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [says(400, "context_length_exceeded")]})
    client = await bench.run(fallbacks=Fallbacks(((BACKUP,),)))
    assert (client.status, bench.calls) == (200, ["eu", "backup"])


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_the_callers_own_error_is_returned_as_it_is(executor_of: ExecutorOf, status: int) -> None:
    bench = Bench(executor_of, {"eu": [says(status, "bad")]})
    client = await bench.run(fallbacks=GROUPS)
    assert (client.status, error_code(client), bench.calls) == (status, "bad", ["eu"])
    assert client.headers["x-routeiq-attempts"] == f"m={status}"


async def test_when_all_fail_the_last_true_answer_is_the_callers(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [says(429, "slow_down")], "backup": [says(503, "full")], "last": [GONE]})
    client = await bench.run(EU, retries=0, fallbacks=GROUPS)
    assert (client.status, error_code(client), client.headers["x-routeiq-model"]) == (503, "full", "backup")
    assert client.headers["x-routeiq-attempts"] == "eu=429,backup=503,last=502".replace("eu", "m")
    assert [one.status for one in client.outcome.attempts] == [429, 503, 502]


async def test_where_nobody_answered_the_caller_is_told(executor_of: ExecutorOf) -> None:
    client = await Bench(executor_of, {"eu": [GONE]}).run(EU)
    assert (client.status, error_code(client), client.outcome.error) == (502, "upstream_failed", "upstream_failed")


async def test_nothing_is_tried_again_after_the_first_byte(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [Says(frames=FRAMES[:1], breaks=True)]})
    client = await bench.run(stream=True, fallbacks=GROUPS)
    assert (bench.calls, client.status) == (["eu"], 200)
    assert b"[DONE]" not in client.body
    assert json.loads(client.body.rpartition(b"data: ")[2])["error"]["code"] == "upstream_failed"
    assert (client.outcome.status, client.outcome.error) == (200, "upstream_failed")
    assert client.outcome.attempts[0].reason == "upstream_failed"


async def test_a_stream_that_dies_before_its_first_byte_is_tried_again(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [Says(frames=(), breaks=True)]})
    client = await bench.run(stream=True)
    assert (bench.calls, client.status) == (["eu", "us"], 200)


@pytest.mark.parametrize(("stream", "frames", "last"), [(False, (), 499), (True, (), 499), (True, FRAMES[:1], 200)])
async def test_a_client_that_leaves_cancels_its_upstream(
    executor_of: ExecutorOf, stream: bool, frames: Sequence[bytes], last: int
) -> None:
    bench = Bench(executor_of, {"eu": [says(503), Says(hangs=True, frames=frames)]})
    task = asyncio.create_task(bench.run(EU, stream=stream, fallbacks=GROUPS))
    await asyncio.sleep(0.02)
    assert bench.in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    outcome = bench.client.outcome
    assert (outcome.status, outcome.error, bench.in_flight) == (499, "client_disconnected", 0)
    assert [one.status for one in outcome.attempts] == [503, last]
    assert all(response.closed for response in bench.calling.provider.responses)


async def test_a_client_that_leaves_during_a_pause_ends_it(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [says(503)]})

    async def sleep(_: float) -> None:
        await asyncio.sleep(3600)

    object.__setattr__(bench.calling.caller, "sleep", sleep)
    task = asyncio.create_task(bench.run(EU))
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (bench.calls, bench.client.outcome.status, bench.in_flight) == (["eu"], 499, 0)


async def test_a_crash_is_reported_once_and_leaves_nothing_open(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [Says(raises=lambda: ConnectionResetError("killed"))]})
    with pytest.raises(ConnectionResetError):
        await bench.run()
    assert (bench.client.outcome.status, bench.client.outcome.error, bench.in_flight) == (500, "internal_error", 0)


async def test_a_client_whose_connection_breaks_closes_the_upstream(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of)

    async def broken(_: object) -> None:
        raise ConnectionResetError("client gone")

    made = plan(EU, clock=bench.calling.clock, stream=True)
    with pytest.raises(ConnectionResetError):
        await bench.executor.execute(made, Answer(broken, []), bench.client.outcomes.append)
    assert (bench.in_flight, bench.calling.provider.responses[0].closed) == (0, True)
    assert bench.client.outcome.status == 500


async def test_many_requests_at_once_leave_nothing_in_flight(executor_of: ExecutorOf) -> None:
    bench = Bench(executor_of, {"eu": [says(503), FINE, GONE, FINE], "us": [FINE, says(429), FINE]})
    clients = [Client() for _ in range(50)]
    plans = [plan(EU, US, clock=bench.calling.clock, fallbacks=GROUPS) for _ in clients]
    await asyncio.gather(
        *(bench.executor.execute(p, c.answer, c.outcomes.append) for p, c in zip(plans, clients, strict=True))
    )
    assert bench.in_flight == 0
    assert all(client.outcome.status == client.status for client in clients)
