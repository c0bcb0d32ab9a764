"""Whatever the upstreams do: few enough calls, none too late, and only answers that somebody really gave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routeiq.config.state import Deployment
from routeiq.config.statuses import ANY_STATUS
from routeiq.gateway.plan import Fallbacks, Plan
from tests.support.executing import FINE, GONE, Calling, Client, Says, member, plan, serving
from tests.support.twins import ANSWER

NAMES = [f"d{n}" for n in range(7)]
OWN = {"upstream_failed", "upstream_timeout", "max_parallel_requests"}
"""Codes of errors that are ours: allowed only where no upstream answered at all."""

lines = st.one_of(
    st.just(FINE),
    st.just(GONE),
    st.builds(
        Says,
        status=st.sampled_from([400, 401, 403, 404, 408, 409, 422, 429, 500, 501, 503, 529]),
        code=st.sampled_from(["context_length_exceeded", "content_filter", "other"]),
        message=st.sampled_from(["no", "prompt is too long: 9 tokens > 8 maximum"]),
        headers=st.sampled_from(
            [{}, {"retry-after": "0"}, {"retry-after": "2"}, {"retry-after": "90"}, {"retry-after": "x"}]
        ),
        seconds=st.floats(0, 20),
    ),
    st.builds(Says, frames=st.sampled_from([(), FINE.frames, FINE.frames[:1]]), breaks=st.booleans()),
)
scripts = st.fixed_dictionaries({name: st.lists(lines, min_size=1, max_size=4) for name in NAMES})
groups = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), max_size=3)


@st.composite
def deployments(draw: st.DrawFn) -> dict[str, Deployment]:
    """Some in one group, some of one candidate, some with limits of their own."""
    return {
        name: member(
            name,
            draw(st.sampled_from(["g", "h"])),
            candidate=draw(st.sampled_from(["x", name])),
            timeout_s=draw(st.sampled_from([None, 5.0])),
            max_retries=draw(st.sampled_from([None, 0, 1])),
            max_parallel=draw(st.sampled_from([None, 1])),
        )
        for name in NAMES
    }


@st.composite
def plans(draw: st.DrawFn) -> Callable[[Calling], Plan]:
    fields: dict[str, Any] = {
        "within_s": draw(st.floats(0.5, 100)),
        "retries": draw(st.integers(0, 4)),
        "stream": draw(st.booleans()),
        "pause_s": draw(st.sampled_from([0.0, 0.0, 3.0])),
        "by_status": draw(st.dictionaries(st.sampled_from([ANY_STATUS, 429, 503, 502]), st.integers(0, 4), max_size=2)),
    }
    named = draw(deployments())
    lists = [tuple(tuple(named[name] for name in group) for group in draw(groups)) for _ in range(3)]
    first = [named[name] for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))]
    resting = draw(st.sets(st.sampled_from(NAMES)))

    def make(calling: Calling) -> Plan:
        calling.cooldowns.follow(serving(*named.values()))
        for name in resting:
            calling.figures.of(named[name].id).rest_until = calling.clock.now + 5
        return plan(*first, clock=calling.clock, fallbacks=Fallbacks(*lists), **fields)

    return make


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans(), scripts)
def test_any_script_keeps_the_promises(
    executor_of: Callable[[Calling], Any], make: Callable[[Calling], Plan], script: dict[str, list[Says]]
) -> None:
    calling, client = Calling(serving(), script), Client()
    planned = make(calling)
    asyncio.run(executor_of(calling).execute(planned, client.answer, client.outcomes.append))
    provider, outcome = calling.provider, client.outcome
    assert 1 <= len(provider.calls) <= planned.most_calls
    assert all(at < planned.deadline for at in provider.called_at)
    assert [one.deployment for one in outcome.attempts if one.reason != "max_parallel_requests"] == provider.calls
    assert provider.too_early == []
    assert calling.live_in_flight(*NAMES) == 0
    assert outcome.status == client.status
    assert {"x-routeiq-attempts", "x-routeiq-model"} <= client.headers.keys()
    _check_answer(client, provider.said)


def _check_answer(client: Client, said: list[Says]) -> None:
    """A status that an upstream gave, with its own words; an error of ours only where none answered at all."""
    if client.status < 400:
        assert client.body == ANSWER or client.body.startswith(FINE.frames[0])
        return
    code = json.loads(client.body)["error"]["code"]
    given_by = [one for one in said if one.status >= 400]
    if given_by:
        assert (client.status, code) == (given_by[-1].status, given_by[-1].code)
    else:
        assert code in OWN
