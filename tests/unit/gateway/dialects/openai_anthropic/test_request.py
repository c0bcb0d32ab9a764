"""Golden requests, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from routeiq.gateway.dialects.openai_anthropic.request import anthropic_request
from routeiq.kit.errors import InvalidRequest

CASES = json.loads((Path(__file__).parent / "golden" / "requests.json").read_text())
HELLO = [{"role": "user", "content": "Hello"}]


def translate(
    body: dict[str, object], model: str = "claude-x", *, stream: bool = False, drop: bool = False
) -> dict[str, object]:
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    answer: dict[str, object] = json.loads(
        msgspec.json.encode(anthropic_request(raw, model, stream=stream, drop_unsupported=drop))
    )
    return answer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_golden_requests(case: dict[str, object]) -> None:
    body, deployed = case["openai"], str(case.get("deployed", "claude-x"))
    assert isinstance(body, dict)
    assert translate(body, deployed, stream=bool(case.get("stream"))) == case["anthropic"]


def test_json_mode_is_said_in_the_system_prompt() -> None:
    system = {"role": "system", "content": "Be brief."}
    body = {"model": "m", "messages": [system, *HELLO], "response_format": {"type": "json_object"}}
    first, last = translate(body)["system"]  # type: ignore[misc]  # JSON
    assert (first["text"], "one JSON object" in last["text"]) == ("Be brief.", True)
    assert "output_config" not in translate(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("logit_bias", {"5": 1}),
        ("presence_penalty", 0.5),
        ("frequency_penalty", -1),
        ("functions", [{"name": "f"}]),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "x"}),
        ("web_search_options", {}),
        ("no_such_field", 1),
        ("response_format", {"type": "grammar"}),
        ("stop", ["a", "\n"]),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name_or_dropped_on_demand(field: str, value: object) -> None:
    body = {"model": "m", "messages": HELLO, field: value}
    with pytest.raises(InvalidRequest) as refused:
        translate(body)
    assert refused.value.param == field
    assert field not in translate(body, drop=True)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        (
            {
                "messages": [
                    {"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x/y"}}]},
                    *HELLO,
                ]
            },
            "messages[0].content",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x/y"}}]}]},
            "messages[0].content[0].image_url.url",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,AA"}}]}
                ]
            },
            "messages[0].content[0].image_url.url",
        ),
        (
            {
                "messages": [
                    *HELLO,
                    {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "[1]"}}]},
                ]
            },
            "messages[1].tool_calls[0].function.arguments",
        ),
        ({"messages": HELLO, "tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type"),
        (
            {"messages": HELLO, "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "maybe"},
            "tool_choice",
        ),
        ({"messages": HELLO, "reasoning_effort": "huge"}, "reasoning_effort"),
        ({"messages": HELLO, "max_tokens": "many"}, "max_tokens"),
    ],
)
def test_malformed_requests_name_the_place(body: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        translate(body)
    assert refused.value.param == param


def test_missing_messages_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="messages"):
        translate({"model": "m"})


def test_parallel_calls_can_be_forbidden_without_a_choice() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    body = translate({"messages": HELLO, "tools": tools, "parallel_tool_calls": False})
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "tool_choice" not in translate({"messages": HELLO, "tools": tools, "parallel_tool_calls": True})
    assert translate({"messages": HELLO, "tools": tools, "parallel_tool_calls": False, "tool_choice": "none"})[
        "tool_choice"
    ] == {"type": "none"}
