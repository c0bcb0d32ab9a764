"""What is reserved before an upstream is asked."""

from __future__ import annotations

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from routeiq.clients.control_accounts import Account
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.accounting import Accounting
from routeiq.gateway.pipeline.context import Call, Context
from routeiq.gateway.pipeline.limits import RateLimits
from routeiq.gateway.pipeline.recording import NotRecording, Recording
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.plan import Decision, Fallbacks, Plan
from routeiq.kit.asgi import Answer
from routeiq.kit.counters import MemoryCounters
from routeiq.kit.errors import RouteIQError
from tests.support.asgi import Client
from tests.support.spending import LIMITED, caller, figures, gateway, holder
from tests.support.twins import deployment, state

DECISION = Decision("d", "small", "direct", "asked for")


class Noting:
    """Which records it was asked to begin."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def begin(self, context: Context, plan: Plan, identifier: str = "") -> Recording:
        self.asked.append(identifier)
        return NotRecording().begin(context, plan, identifier)


async def test_a_reservation_and_its_record_have_one_id() -> None:
    key, recorder = holder(10**6), Noting()
    _, spend, _ = gateway(caller(key))
    accounting = Accounting(RateLimits(MemoryCounters(), CollectorRegistry()), recorder, spend)
    body = msgspec.json.decode(LIMITED, type=dict[str, msgspec.Raw])
    context = Context("r", caller(key), state(), Call(Endpoint.CHAT, body, "small", False), {}, 0.0)
    chosen, answer = deployment("small", input_price=0.0, output_price=1e-9), Answer(Client().send, [])
    plan = Plan("r", Endpoint.CHAT, body, False, (), (chosen,), DECISION, 0.0, 0, "c1")
    reserved = accounting.reserve_now(context, Selection((chosen,), DECISION), answer)
    accounting.begin(context, plan, answer, reserved)
    account = spend.book.own.get(Account(key.kind, key.id).name)
    assert reserved is not None
    assert account is not None
    assert recorder.asked == [reserved.id] == list(account.entries)


@pytest.mark.parametrize("kind", ["general", "context_window", "content_policy"])
async def test_a_dearer_model_that_may_stand_in_is_paid_for_before(kind: str) -> None:
    key = holder(1000)
    _, spend, _ = gateway(caller(key))
    accounting = Accounting(RateLimits(MemoryCounters(), CollectorRegistry()), spend=spend)
    body = msgspec.json.decode(LIMITED, type=dict[str, msgspec.Raw])
    context = Context("r", caller(key), state(), Call(Endpoint.CHAT, body, "small", False), {}, 0.0)
    cheap = deployment("small", input_price=0.0, output_price=1e-9)
    dear = deployment("dear", input_price=0.0, output_price=1e-6)
    selection = Selection((cheap,), DECISION, fallbacks=Fallbacks(**{kind: ((dear,),)}))
    answer = Answer(Client().send, [])
    with pytest.raises(RouteIQError, match="Budget has been exceeded"):
        accounting.reserve_now(context, selection, answer)
    with pytest.raises(RouteIQError, match="Budget has been exceeded"):
        await accounting.reserve(context, selection, answer)
    assert accounting.reserve_now(context, Selection((cheap,), DECISION), answer) is not None
    assert 0 < figures(spend.book, key)[1] < 1000
