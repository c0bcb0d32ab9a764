"""What a request can come to, before it is made."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.plan import Usage
from routeiq.gateway.spending.estimates import FIRST_OUTPUT, Estimates
from routeiq.gateway.spending.request_size import FILE_BYTES, RequestSize
from routeiq.kit.accounts import MOST_SAFE
from tests.support.spending import cost_at_most
from tests.support.twins import deployment

CHEAP = deployment("cheap", input_price=1e-9, output_price=2e-9)
DEAR = deployment("dear", input_price=1e-9, output_price=20e-9)
UNPRICED = deployment("unpriced")


class Estimate(NamedTuple):
    amount: int
    guessed: bool
    input_bytes: int


def of(body: bytes, *deployments: object, endpoint: Endpoint = Endpoint.CHAT) -> Estimate:
    size = RequestSize(endpoint, msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    amount = Estimates(cost_at_most).of(size, deployments or (CHEAP,))  # type: ignore[arg-type]  # they are deployments
    return Estimate(amount, size.limit is None, size.prompt)


@pytest.mark.parametrize(
    ("endpoint", "body", "tokens"),
    [
        (Endpoint.CHAT, b'{"max_tokens":7}', 7),
        (Endpoint.CHAT, b'{"max_completion_tokens":7}', 7),
        (Endpoint.CHAT, b'{"max_tokens":7,"max_completion_tokens":9}', 9),
        (Endpoint.CHAT, b'{"max_tokens":7,"n":3}', 21),
        (Endpoint.COMPLETIONS, b'{"max_tokens":7,"n":2,"best_of":4}', 28),
        (Endpoint.RESPONSES, b'{"max_output_tokens":7}', 7),
        (Endpoint.MESSAGES, b'{"max_tokens":7}', 7),
        (Endpoint.EMBEDDINGS, b"{}", 0),
    ],
)
def test_what_a_request_allows_itself_is_its_output(endpoint: Endpoint, body: bytes, tokens: int) -> None:
    assert of(body, endpoint=endpoint) == Estimate(2 * tokens, False, 0)


@pytest.mark.parametrize("limit", [b"null", b'"9"', b"-1", b"0", b"1.5", b"[]"])
def test_what_is_no_limit_limits_nothing(limit: bytes) -> None:
    assert of(b'{"max_tokens":%b}' % limit) == Estimate(2 * FIRST_OUTPUT, True, 0)


def test_the_prompt_counts_by_its_bytes() -> None:
    assert of(b'{"max_tokens":1,"messages":"%b","tools":"%b"}' % (b"a" * 38, b"a" * 38)) == Estimate(20 + 2, False, 80)


def test_a_picture_does_not_count_by_its_bytes() -> None:
    picture = b'{"type":"image_url","image_url":{"url":"data:image/png;base64,%b"}}' % (b"A" * 1_000_000)
    sound = b'{"type":"input_audio","input_audio":{"data":"%b","format":"wav"}}' % (b"A" * 1_000_000)
    assert of(b'{"messages":[%b]}' % picture).input_bytes < FILE_BYTES + 100
    assert of(b'{"messages":[%b,%b]}' % (picture, sound)).input_bytes < 2 * FILE_BYTES + 200


@pytest.mark.parametrize("text", ["x" * 1_000_000, '{"url":"data:image/png;base64,' + "x" * 1_000_000 + '"}'])
def test_a_text_that_looks_like_a_picture_counts_by_its_bytes(text: str) -> None:
    body = msgspec.json.encode({"messages": [{"role": "user", "content": text}]})
    assert of(body).input_bytes > 1_000_000


@pytest.mark.parametrize("name", ["functions", "response_format", "text", "prediction", "suffix"])
def test_all_that_a_model_reads_counts(name: str) -> None:
    assert of(b'{"%b":"%b"}' % (name.encode(), b"a" * 98)).input_bytes == 100


@pytest.mark.parametrize(
    ("prompt", "answers"),
    [('"a"', 1), ('["a"]', 1), ('["a","b","c"]', 3), ("[1,2,3]", 1), ("[[1,2],[3]]", 2), ("[]", 1), ("{}", 1)],
)
def test_each_prompt_of_a_completion_has_answers_of_its_own(prompt: str, answers: int) -> None:
    free = deployment("free", input_price=0.0, output_price=1e-9)
    body = f'{{"prompt":{prompt},"max_tokens":7,"n":2}}'.encode()
    assert of(body, free, endpoint=Endpoint.COMPLETIONS).amount == 14 * answers


def test_the_dearest_that_may_serve_counts() -> None:
    assert of(b'{"max_tokens":5}', CHEAP, DEAR, UNPRICED).amount == 100
    assert of(b'{"max_tokens":5}', UNPRICED).amount == 0


def test_an_absurd_limit_is_a_number_that_every_store_can_count() -> None:
    dear = deployment("x", input_price=1.0, output_price=1.0)
    assert of(b'{"max_tokens":9999999999999999}', dear).amount == MOST_SAFE


def test_it_learns_from_what_an_upstream_reports() -> None:
    estimates, body = Estimates(cost_at_most), {"messages": msgspec.Raw(b"a" * 100)}
    for number in range(200):
        estimates.learn(CHEAP, 100, Usage(50, 100 if number % 10 else 10))
    assert estimates.of(RequestSize(Endpoint.CHAT, body), (CHEAP,)) == pytest.approx(50 + 2 * 100, abs=1)


def test_no_answer_teaches_what_no_prompt_can_be() -> None:
    """A search's results, or a mistake, are counted as the prompt's: nobody else is refused for it."""
    estimates, body = Estimates(cost_at_most), {"messages": msgspec.Raw(b"a" * 1000), "max_tokens": msgspec.Raw(b"1")}
    for _ in range(100):
        estimates.learn(CHEAP, 10, Usage(2**27, 1))
    assert estimates.of(RequestSize(Endpoint.CHAT, body), (CHEAP,)) <= 1000 + 2
    for _ in range(100):
        estimates.learn(CHEAP, 1_000_000, Usage(1, 1))
    assert estimates.of(RequestSize(Endpoint.CHAT, body), (CHEAP,)) >= 100
