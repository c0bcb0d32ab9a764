"""The routing client's pure parts: shortening a prompt, and what an error becomes."""

from __future__ import annotations

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.clients.routing import END_CHARS, RoutingUnavailable, make_prompt, translated, trim_middle
from routeiq.kit.errors import InvalidRequest
from routeiq.routing import prompt_text
from routeiq.routing.prompt_text import routing_text

pieces = st.text(st.characters(exclude_categories=()), max_size=40)
long_pieces = st.builds(lambda text, times: text * times, pieces, st.integers(0, 700))
prompts = st.lists(st.one_of(pieces, long_pieces), max_size=4)


@given(prompts)
def test_shortening_loses_nothing_that_routing_reads(parts: list[str]) -> None:
    assert routing_text([trim_middle(parts)]) == routing_text(parts)


@given(prompts)
def test_shortening_twice_changes_nothing(parts: list[str]) -> None:
    once = trim_middle(parts)
    assert trim_middle([once]) == once
    assert len(once) <= 2 * END_CHARS + 1


@given(prompts)
def test_what_is_sent_can_be_encoded(parts: list[str]) -> None:
    assert make_prompt(parts).SerializeToString() is not None


def test_both_sides_agree_on_where_to_cut() -> None:
    assert END_CHARS == prompt_text.END_CHARS


@pytest.mark.parametrize("length", [2 * END_CHARS - 1, 2 * END_CHARS, 2 * END_CHARS + 1, 3 * END_CHARS])
def test_lengths_around_the_limit(length: int) -> None:
    text = "".join(chr(97 + number % 26) for number in range(length))
    assert routing_text([trim_middle([text])]) == routing_text([text])
    assert (trim_middle([text]) == text) == (length <= 2 * END_CHARS)


def test_a_prompt_without_text_has_no_parts() -> None:
    assert list(make_prompt(["  ", "\n"]).text) == []


def test_a_prompt_carries_what_else_is_known() -> None:
    prompt = make_prompt(["hi"], system_sha256=b"x" * 32, has_tools=True, has_images=True, max_output_tokens=9)
    assert (prompt.system_sha256, prompt.has_tools, prompt.has_images, prompt.max_output_tokens) == (
        b"x" * 32,
        True,
        True,
        9,
    )


def rpc_error(code: grpc.StatusCode, details: str = "") -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details=details)


def test_a_refused_request_is_the_callers_fault() -> None:
    error = translated(rpc_error(grpc.StatusCode.INVALID_ARGUMENT, "candidates must have distinct names"))
    assert isinstance(error, InvalidRequest)
    assert error.message == "candidates must have distinct names"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.DEADLINE_EXCEEDED, "deadline"),
        (grpc.StatusCode.UNAVAILABLE, "routing_unavailable"),
        (grpc.StatusCode.UNAUTHENTICATED, "routing_unavailable"),
        (grpc.StatusCode.INTERNAL, "routing_unavailable"),
    ],
)
def test_no_answer_says_why(code: grpc.StatusCode, reason: str) -> None:
    error = translated(rpc_error(code, "inner text"))
    assert isinstance(error, RoutingUnavailable)
    assert error.reason == reason
    assert "inner text" not in error.public_message
