"""Simulated answers: the same each time, at a pace, with failures on demand."""

from __future__ import annotations

import base64
import json
from array import array
from typing import Any

import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.simulated import Simulated
from routeiq.kit.errors import InvalidRequest
from tests.support.upstream import deployment, read_json, read_stream, request


class Naps:
    """A sleep that only remembers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def provider(naps: Naps | None = None) -> Simulated:
    return Simulated(sleep=naps or Naps(), clock=lambda: 1.0)


async def complete(body: dict[str, object] | None = None, model: str = "sim-a", **params: Any) -> dict[str, object]:
    return await read_json(await provider().send(request(body), deployment("simulated", model, **params)))


def text(completion: dict[str, object], index: int = 0) -> str:
    choices = completion["choices"]
    assert isinstance(choices, list)
    return str(choices[index]["message"]["content"])


def events(frames: bytes) -> list[dict[str, object]]:
    *data, done = frames.decode().strip().split("\n\n")
    assert done == "data: [DONE]"
    return [json.loads(item.removeprefix("data: ")) for item in data]


async def test_the_same_prompt_gets_the_same_answer_whatever_the_layout_of_its_json() -> None:
    first = await complete()
    again = await complete({"messages": [{"content": "Hello", "role": "user"}], "temperature": 0.3})
    assert first == again
    assert "simulated" in text(first)


async def test_another_model_or_prompt_gets_another_answer() -> None:
    texts = {text(await complete(model=model)) for model in ("sim-a", "sim-b")}
    texts.add(text(await complete({"messages": [{"role": "user", "content": "Bye"}]})))
    assert len(texts) == 3


async def test_a_stream_says_what_the_unary_answer_says() -> None:
    response = await provider().send(
        request({"stream_options": {"include_usage": True}}, stream=True), deployment("simulated", "sim-a")
    )
    *chunks, usage = events(await read_stream(response))
    whole = await complete()
    pieces = [choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]]  # type: ignore[attr-defined]
    assert "".join(pieces) == text(whole)
    assert usage["usage"] == whole["usage"]
    assert usage["choices"] == []
    assert chunks[-1]["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]


async def test_usage_is_left_out_of_streams_that_do_not_ask() -> None:
    response = await provider().send(request(stream=True), deployment("simulated"))
    assert all("usage" not in chunk for chunk in events(await read_stream(response)))


async def test_max_tokens_cuts_the_answer() -> None:
    completion = await complete({"max_tokens": 3})
    assert len(text(completion).split()) == 3
    assert completion["choices"][0]["finish_reason"] == "length"  # type: ignore[index]
    assert completion["usage"]["completion_tokens"] == 3  # type: ignore[index]


async def test_several_choices_differ() -> None:
    completion = await complete({"n": 3})
    assert len({text(completion, index) for index in range(3)}) == 3
    response = await provider().send(request({"n": 2}, stream=True), deployment("simulated"))
    indexes = {choice["index"] for chunk in events(await read_stream(response)) for choice in chunk["choices"]}  # type: ignore[attr-defined]
    assert indexes == {0, 1}


async def test_the_pace_is_the_deployments() -> None:
    naps = Naps()
    response = await provider(naps).send(
        request(stream=True), deployment("simulated", ttft_ms=200, tokens_per_second=10, output_tokens=40)
    )
    assert naps.seconds == [0.2]
    await read_stream(response)
    pauses = naps.seconds[1:]
    assert len(pauses) >= 39
    assert all(0.05 <= pause <= 0.15 for pause in pauses)


async def test_no_pace_means_no_pauses() -> None:
    naps = Naps()
    await read_stream(
        await provider(naps).send(request(stream=True), deployment("simulated", ttft_ms=0, tokens_per_second=0))
    )
    assert naps.seconds == [0.0]


async def test_a_unary_answer_waits_for_all_of_it() -> None:
    naps = Naps()
    await provider(naps).send(request(), deployment("simulated", ttft_ms=1000, tokens_per_second=20, output_tokens=40))
    assert 2 < naps.seconds[0] < 6


async def test_an_answer_slower_than_the_limit_is_a_timeout() -> None:
    naps = Naps()
    with pytest.raises(UpstreamTimeout):
        await provider(naps).send(request(timeout_s=0.5), deployment("simulated", ttft_ms=600))
    assert naps.seconds == [0.5]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": "Please simulate:error:429 now"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "simulate:error:429"}]}]},
        {"metadata": {"simulate": "error:429"}},
    ],
)
async def test_a_caller_can_ask_for_a_status(body: dict[str, object]) -> None:
    response = await provider().send(request(body, stream=True), deployment("simulated"))
    assert (response.status, response.headers["retry-after"]) == (429, "1")
    assert (await read_json(response))["error"] == {
        "message": "A simulated failure of `group`.",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }


async def test_a_caller_can_ask_for_a_timeout_or_a_broken_stream() -> None:
    with pytest.raises(UpstreamTimeout):
        await provider().send(request({"metadata": {"simulate": "timeout"}}), deployment("simulated"))
    broken = request({"metadata": {"simulate": "disconnect:2"}}, stream=True)
    chunks = aiter((await provider().send(broken, deployment("simulated"))).chunks())
    for _ in range(3):  # the role and two words
        await anext(chunks)
    with pytest.raises(UpstreamFailed):
        await anext(chunks)
    with pytest.raises(UpstreamFailed):
        await provider().send(request({"metadata": {"simulate": "disconnect"}}), deployment("simulated"))


async def test_an_earlier_message_triggers_nothing() -> None:
    messages = [
        {"role": "user", "content": "simulate:error:500"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "Go on"},
    ]
    assert (await provider().send(request({"messages": messages}), deployment("simulated"))).status == 200


async def test_the_fail_rate_holds_and_a_retry_may_succeed() -> None:
    simulated = provider()
    failing = deployment("simulated", fail_rate=0.5, fail_status=500)
    statuses = [(await simulated.send(request(), failing)).status for _ in range(200)]
    assert set(statuses) == {200, 500}
    assert 60 < statuses.count(500) < 140


async def test_a_failure_can_come_in_the_middle() -> None:
    response = await provider().send(request(stream=True), deployment("simulated", fail_rate=1, fail_after_chunks=4))
    with pytest.raises(UpstreamFailed):
        await read_stream(response)


@pytest.mark.parametrize("body", [{"messages": 5}, {"n": 0}, {"n": 99}, {"n": "x"}])
async def test_malformed_requests_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        await provider().send(request(body), deployment("simulated"))


async def embed(body: dict[str, object]) -> dict[str, object]:
    sent = request(body, endpoint=Endpoint.EMBEDDINGS)
    return await read_json(await provider().send(sent, deployment("simulated", "emb")))


async def test_embeddings_are_unit_vectors_and_repeatable() -> None:
    answer = await embed({"input": ["a", "b", "a"], "dimensions": 16})
    vectors = [item["embedding"] for item in answer["data"]]  # type: ignore[attr-defined]
    assert vectors[0] == vectors[2] != vectors[1]
    assert [len(vector) for vector in vectors] == [16] * 3
    assert sum(value * value for value in vectors[0]) == pytest.approx(1)
    assert answer["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


async def test_embeddings_as_base64_are_the_same_numbers() -> None:
    floats = (await embed({"input": "a"}))["data"][0]["embedding"]  # type: ignore[index]
    text64 = (await embed({"input": "a", "encoding_format": "base64"}))["data"][0]["embedding"]  # type: ignore[index]
    assert list(array("f", base64.b64decode(text64))) == pytest.approx(floats)
    assert len(floats) == 384


@pytest.mark.parametrize(("given", "count"), [([1, 2, 3], 1), ([[1, 2], [3]], 2)])
async def test_token_inputs(given: list[object], count: int) -> None:
    answer = await embed({"input": given})
    assert len(answer["data"]) == count  # type: ignore[arg-type]
    assert answer["usage"]["prompt_tokens"] == 3  # type: ignore[index]


@pytest.mark.parametrize(
    "body",
    [
        {"input": []},
        {"input": [1, "a"]},
        {"input": 5},
        {"input": "a", "dimensions": 0},
        {"input": "a", "dimensions": 99999},
    ],
)
async def test_malformed_embedding_requests_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        await embed(body)


async def test_a_parameter_that_is_no_number_counts_as_absent() -> None:
    naps = Naps()
    await provider(naps).send(request(stream=True), deployment("simulated", ttft_ms="soon"))
    assert naps.seconds == [0.03]
