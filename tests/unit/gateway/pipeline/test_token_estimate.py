"""How many tokens a request is taken to cost."""

from __future__ import annotations

import base64
import json
from typing import NamedTuple

import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.admit import parse_call
from routeiq.gateway.pipeline.token_estimate import estimate
from routeiq.gateway.spending.request_size import FILE_BYTES, RequestSize


class Estimated(NamedTuple):
    input: int
    output: int


def of(endpoint: Endpoint = Endpoint.CHAT, **body: object) -> Estimated:
    call = parse_call(endpoint, json.dumps({"model": "m", **body}).encode())
    return Estimated(*estimate(RequestSize(call.endpoint, call.body)))


FILE_TOKENS = FILE_BYTES // 4


def said(*parts: object) -> list[dict[str, object]]:
    return [{"role": "user", "content": part} for part in parts]


@pytest.mark.parametrize("length", [40, 4000, 40_000])
def test_a_prompt_costs_by_its_length(length: int) -> None:
    text = "four " * (length // 5)
    found = of(messages=said(text))
    assert length // 4 <= found.input <= length // 4 + 20
    assert found.output == 0


def test_all_that_a_model_reads_counts() -> None:
    alone = of(messages=said("hi")).input
    assert of(messages=said("hi"), tools=[{"name": "x" * 400}]).input >= alone + 100
    assert of(Endpoint.MESSAGES, messages=said("hi"), system="x " * 200).input >= alone + 100
    assert of(Endpoint.RESPONSES, input="hi", instructions="x " * 200).input >= 100
    assert of(messages=said("hi"), metadata={"x": "y" * 400}).input == alone


def test_a_file_is_no_text() -> None:
    image = base64.b64encode(bytes(range(256)) * 4000).decode()
    url = {"url": f"data:image/png;base64,{image}"}
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": url}]
    assert FILE_TOKENS <= of(messages=said(parts)).input <= FILE_TOKENS + 50
    text = "\u4e00" * 5000
    assert of(messages=[{"role": "user", "content": text}]).input > FILE_TOKENS


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
@pytest.mark.parametrize(("said_so", "taken"), [(7, 7), (None, 0), (-7, 0), ("x", 0), (2**70, 2**31), (2**40, 2**31)])
def test_the_requests_own_limit_is_what_an_answer_may_cost(name: str, said_so: object, taken: int) -> None:
    assert of(messages=said("hi"), **{name: said_so}).output == taken


@pytest.mark.parametrize(("n", "taken"), [(3, 21), (1, 7), (None, 7), ("x", 7), (2**40, 2**31)])
def test_several_answers_cost_as_many(n: object, taken: int) -> None:
    assert of(messages=said("hi"), max_tokens=7, n=n).output == taken


def test_an_embedding_has_no_output() -> None:
    assert of(Endpoint.EMBEDDINGS, input="hi", max_tokens=9).output == 0


@pytest.mark.parametrize("nothing", [None, 0, "9", -1])
def test_a_limit_that_is_none_hides_no_other(nothing: object) -> None:
    assert of(messages=said("hi"), max_completion_tokens=nothing, max_tokens=70).output == 70
