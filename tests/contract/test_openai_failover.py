"""OpenAI's own client sees the answer of a fallback, whole or streamed, and headers that tell what happened."""

from __future__ import annotations

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
TRAIL = "falls-back=429,falls-back-too=502,cheap=200"


def test_a_fallback_answers(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="falls-back", messages=HI)
    assert raw.parse().choices[0].message.content
    assert (raw.headers["x-routeiq-attempts"], raw.headers["x-routeiq-model"]) == (TRAIL, "cheap")
    assert raw.headers["x-litellm-attempted-fallbacks"] == "2"
    assert raw.headers["x-routeiq-fallback"] == "upstream_failed"


def test_a_fallback_streams(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="falls-back", messages=HI, stream=True)
    assert raw.headers["x-routeiq-attempts"] == TRAIL
    assert "".join(chunk.choices[0].delta.content or "" for chunk in raw.parse() if chunk.choices)
