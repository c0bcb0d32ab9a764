"""The official OpenAI client against the gateway: models, embeddings, and the routing endpoints beside them."""

from __future__ import annotations

import math

import httpx
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.contract.conftest import CANDIDATES
from tests.support.suite import Suite
from tests.support.waiting import PATIENCE_S

ENCODER = "all-MiniLM-L6-v2"


def test_models_are_listed(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[0] == "auto"
    assert {"cheap", "embed", ENCODER} <= set(names)


def test_one_model_is_found_and_another_is_not(client: OpenAI) -> None:
    assert client.models.retrieve("cheap").id == "cheap"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no/such")


def test_embeddings_pass_through(client: OpenAI) -> None:
    answer = client.embeddings.create(model="embed", input=["a", "b"])
    assert [item.index for item in answer.data] == [0, 1]


def test_the_encoder_embeds_offline(client: OpenAI) -> None:
    answer = client.embeddings.create(model=ENCODER, input=["a cat", "a kitten", "tax law"])
    cat, kitten, law = (item.embedding for item in answer.data)
    assert len(cat) == 384
    assert math.isclose(_dot(cat, cat), 1.0, abs_tol=1e-4)
    assert _dot(cat, kitten) > _dot(cat, law) + 0.2
    assert answer.usage.total_tokens > 0


async def test_floats_and_base64_are_the_same(async_client: AsyncOpenAI) -> None:
    floats = await async_client.embeddings.create(model=ENCODER, input="x", encoding_format="float")
    packed = await async_client.embeddings.create(model=ENCODER, input="x", encoding_format="base64")
    assert floats.data[0].embedding == pytest.approx(_unpack(packed.data[0].embedding), abs=1e-6)


@pytest.mark.parametrize("text", ["", [], ["a", ""], [[1, 2]], [1, 2]])
def test_what_cannot_be_embedded_is_a_bad_request(client: OpenAI, text: object) -> None:
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=ENCODER, input=text)  # type: ignore[arg-type]  # wrong on purpose


def test_a_chat_model_does_not_embed(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="cheap", input="x")


def test_router_info_has_both_published_shapes(suite: Suite) -> None:
    info = httpx.get(
        f"{suite.url}/router/info", headers={"authorization": f"Bearer {suite.key}"}, timeout=PATIENCE_S
    ).json()
    assert info["strategy_count"] == len(info["registered_strategies"])
    assert info["hot_reload"] == info["hot_reload_enabled"]
    assert info["last_reload"].endswith("Z")
    assert {"routing_strategy", "model_path", "artifact_id", "candidates"} <= set(info)


@pytest.mark.parametrize(
    "body", [{"query": "What is 2+2?"}, {"messages": [{"role": "user", "content": "What is 2+2?"}]}]
)
def test_route_agrees_with_chat(suite: Suite, client: OpenAI, body: dict[str, object]) -> None:
    headers = {"authorization": f"Bearer {suite.key}"}
    told = httpx.post(f"{suite.url}/router/route", headers=headers, json=body, timeout=PATIENCE_S).json()
    done = client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": "What is 2+2?"}]
    )
    assert told["selected_model"] == done.headers["x-routeiq-model"]
    assert {alternative["model"] for alternative in told["alternatives"]} == set(CANDIDATES) - {told["selected_model"]}
    assert [a["score"] for a in told["alternatives"]] == sorted(
        (a["score"] for a in told["alternatives"]), reverse=True
    )


def test_health_is_open_and_metrics_count(suite: Suite) -> None:
    assert suite.get("/health/liveliness") == (200, b'"I\'m alive!"')
    assert suite.get("/_health/ready")[0] == 200
    assert b"gateway_request_total" in suite.get("/metrics")[1]


def _dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _unpack(value: object) -> list[float]:
    import base64  # noqa: PLC0415 - one use
    import struct  # noqa: PLC0415 - one use

    raw = base64.b64decode(str(value))
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))
