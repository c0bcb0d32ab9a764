"""What a conversation has, and when it pays to leave it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.gateway.pipeline.conversation import Conversation
from routeiq.gateway.pipeline.sticky import Conversations, lost_usd, pays_to_switch
from tests.support.twins import deployment

ONE = Conversation(b"1" * 16, followed=True, history_bytes=0)
FIRST_TURN = Conversation(b"1" * 16, followed=False, history_bytes=0)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_conversation_has_what_was_remembered() -> None:
    conversations = Conversations()
    conversations.remember(ONE, "large")
    assert conversations.model(ONE) == "large"
    conversations.remember(ONE, "small")
    assert conversations.model(ONE) == "small"


def test_a_first_turn_is_remembered_and_not_followed() -> None:
    conversations = Conversations()
    conversations.remember(FIRST_TURN, "large")
    assert (conversations.model(FIRST_TURN), conversations.model(ONE)) == (None, "large")


def test_no_conversation_leaves_no_trace() -> None:
    conversations = Conversations()
    conversations.remember(None, "large")
    assert (conversations.model(None), conversations.model(ONE), len(conversations)) == (None, None, 0)


def test_each_turn_renews_its_time() -> None:
    clock = Clock()
    conversations = Conversations(ttl_s=10, clock=clock)
    conversations.remember(ONE, "large")
    clock.now = 9
    conversations.remember(ONE, "large")
    clock.now = 18
    assert conversations.model(ONE) == "large"
    clock.now = 19
    assert (conversations.model(ONE), len(conversations)) == (None, 0)


def test_the_number_is_bounded() -> None:
    conversations = Conversations(size=2)
    for number in range(5):
        conversations.remember(Conversation(bytes([number]), True, 0), "large")
    assert len(conversations) == 2


def answer(gain: float, per_usd: float = 1.0) -> pb.RouteResponse:
    """`new` is chosen; its utility is higher than `old`'s by `gain`."""
    old = pb.ModelScore(model="old", quality=0.5 + per_usd * 0.01, cost_usd=0.01, utility=0.5)
    new = pb.ModelScore(model="new", quality=0.5 + gain + per_usd * 0.02, cost_usd=0.02, utility=0.5 + gain)
    return pb.RouteResponse(selected_model="new", scores=[new, old])


def switches(response: pb.RouteResponse, history_tokens: int = 0, margin: float = 0.0, **fields: object) -> bool:
    return pays_to_switch(response, "old", deployment("old", **fields), history_tokens * 4, margin)


@pytest.mark.parametrize(("gain", "switched"), [(0.0, False), (0.019, False), (0.021, True), (-0.1, False)])
def test_without_a_history_the_margin_decides(gain: float, switched: bool) -> None:
    assert switches(answer(gain), margin=0.02) == switched


def test_a_long_history_must_be_worth_its_lost_cache() -> None:
    lost = 10_000 * 1e-6 * 0.75  # USD; a USD counts 1 here
    fields = {"input_price": 1e-6, "provider": "openai"}
    assert not switches(answer(lost - 0.001), 10_000, **fields)
    assert switches(answer(lost + 0.001), 10_000, **fields)


def test_where_cost_does_not_count_neither_does_the_cache() -> None:
    assert switches(answer(0.001, per_usd=0.0), 100_000, input_price=1e-3)


def test_free_models_lose_nothing() -> None:
    response = answer(0.01, per_usd=0.0)
    for score in response.scores:
        score.cost_usd = 0
    assert switches(response, 100_000, input_price=1e-3)


def test_a_model_without_a_score_is_left() -> None:
    response = answer(-0.5)
    del response.scores[1]
    assert switches(response, margin=1.0)


@pytest.mark.parametrize(
    ("fields", "tokens", "usd"),
    [
        ({"input_price": 1e-6, "provider": "anthropic"}, 2000, 0.0018),
        ({"input_price": 1e-6, "provider": "somebody"}, 2000, 0.001),
        ({"input_price": 1e-6, "provider": "anthropic"}, 1023, 0.0),
        ({"provider": "anthropic"}, 2000, 0.0),
    ],
)
def test_what_a_switch_loses(fields: dict[str, object], tokens: int, usd: float) -> None:
    assert lost_usd(deployment("old", **fields), tokens * 4) == pytest.approx(usd)
