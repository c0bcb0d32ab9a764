"""What a record says from its beginning."""

from __future__ import annotations

import msgspec
import pytest

from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.journal.records import read_record
from routeiq.gateway.pipeline.context import Call, Context, Purpose
from routeiq.gateway.pipeline.recording_head import LONGEST_NAME, Heads
from routeiq.gateway.plan import Decision, Plan
from routeiq.kit.principal import Principal, Role
from tests.support.journaling import Read
from tests.support.twins import deployment, state

OWN = Caller(Principal("hash", Role.USER, "u", "t", "alias"))
TAGGED = Caller(Principal("other", Role.USER), tags=("a", "b"))
PLAIN = Decision("d", "small", "direct", "requested")
FULL = Decision("é" * 40, "small", "learned", "x" * 2000, 0.25, "artifact", "no_artifact", cached=True)


def read(
    heads: Heads,
    caller: Caller = OWN,
    headers: dict[bytes, bytes] | None = None,
    user: str | None = None,
    *,
    decision: Decision = PLAIN,
    purpose: Purpose | None = None,
    version: str = "c1",
    model: str = "small",
) -> Read:
    body = {"model": msgspec.Raw(b'"small"')} | ({"user": msgspec.Raw(msgspec.json.encode(user))} if user else {})
    call = Call(Endpoint.CHAT, body, model, True)
    context = Context("r", caller, state(), call, headers or {}, 0.0, purpose)
    plan = Plan("r" * 36, Endpoint.CHAT, body, True, (), (deployment(),), decision, 0.0, 0, version)
    return Read(read_record(heads.of("i" * 36, 1_763_000_000_000_000, context, plan)))


def parties(found: Read) -> tuple[object, ...]:
    one = found.parties
    return one.key_hash, one.user_id, one.team_id, one.customer_id, one.service, one.task_type, found.tags


def test_all_of_it_is_said() -> None:
    said = read(Heads("journal"), decision=FULL, model="m" * 2000)
    assert (said.id, said.request_id, said.started_at) == ("i" * 36, "r" * 36, 1_763_000_000_000_000)
    assert (said.served.endpoint, said.served.requested_model, said.stream) == (
        "chat/completions",
        "m" * LONGEST_NAME,
        True,
    )
    assert (said.journal, said.state_version) == ("journal", "c1")
    assert parties(said) == ("hash", "u", "t", "", "alias", "", ())
    assert (said.decision.id, said.decision.strategy, said.decision.reason) == ("é" * 40, "learned", "x" * LONGEST_NAME)
    why = said.decision
    assert (why.confidence, why.artifact_id, why.fallback, why.cached) == (0.25, "artifact", "no_artifact", True)


def test_what_is_not_known_is_not_said() -> None:
    why = read(Heads("journal")).decision
    assert (why.artifact_id, why.fallback, why.cached, why.HasField("confidence")) == ("", "", False, False)


def test_the_next_request_of_a_caller_has_its_own_parties() -> None:
    heads = Heads("journal")
    usual = ("hash", "u", "t", "", "alias", "", ())
    assert parties(read(heads)) == usual
    assert parties(read(heads, user="somebody")) == ("hash", "u", "t", "somebody", "alias", "", ())
    assert parties(read(heads, headers={b"x-litellm-end-user-id": b"end"}))[3] == "end"
    assert parties(read(heads, headers={b"x-service-name": b"shop"}))[4] == "shop"
    assert parties(read(heads, headers={b"x-litellm-tags": b"one, two"}))[6] == ("one", "two")
    assert parties(read(heads, TAGGED)) == ("other", "", "", "", "", "", ("a", "b"))
    assert parties(read(heads, TAGGED, {b"x-litellm-tags": b"b,c"}))[6] == ("a", "b", "c")
    assert parties(read(heads)) == usual


def test_another_version_of_the_configuration_is_said() -> None:
    heads = Heads("journal")
    assert [read(heads, version=one).state_version for one in ("c1", "c2", "c2", "c1")] == ["c1", "c2", "c2", "c1"]


@pytest.mark.parametrize("caller", [OWN, TAGGED])
def test_a_purpose_says_whom_it_is_for(caller: Caller) -> None:
    said = read(Heads("journal"), caller, {b"x-service-name": b"shop"}, purpose=Purpose("u2", "service", "task"))
    assert said.served.endpoint == "generate"
    assert parties(said)[3:] == ("u2", "service", "task", caller.tags)
