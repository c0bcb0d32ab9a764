"""An OpenAI chat request as a body of Anthropic's `POST /v1/messages`.

What would change the answer and cannot be expressed is refused by name; hints (`seed`, `store`, `service_tier`)
are left out. `response_format: json_schema` becomes `output_config.format`, which Claude 4.5 and later obey;
`json_object` has no counterpart: what it asks for is said in the system prompt. Temperatures above 1 become 1. Models
that take no sampling parameters get none: a request for `auto` must not fail for the model that was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routeiq.gateway.dialects.openai_anthropic.blocks import (
    MessagesRequest,
    Metadata,
    OutputConfig,
    OutputFormat,
    TextBlock,
)
from routeiq.gateway.dialects.openai_anthropic.messages import system_prompt, turns
from routeiq.gateway.dialects.openai_anthropic.thinking import Reasoning, Traits, reason, traits
from routeiq.gateway.dialects.openai_anthropic.tools import tools
from routeiq.gateway.dialects.openai_request import ChatRequest, ToolMessage, parse_chat
from routeiq.kit.errors import InvalidRequest

DEFAULT_MAX_TOKENS = 4096
"""Anthropic requires a limit. A deployment's `max_tokens` replaces it."""

_FORMATS = frozenset({"text", "json_object", "json_schema"})
JSON_ONLY = "Answer with one JSON object and nothing else: no other text, no code fence."
_HINTS = frozenset(
    ["metadata", "model", "prediction", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "seed",
     "service_tier", "store", "stream", "stream_options", "verbosity"]
)  # fmt: skip
_NEUTRAL: Mapping[str, object] = {
    "n": 1, "logprobs": False, "top_logprobs": 0, "logit_bias": {}, "presence_penalty": 0, "frequency_penalty": 0,
    "functions": [], "function_call": "none", "modalities": ["text"],
}  # fmt: skip
"""Unsupported fields and the value at which they ask for nothing."""
_KNOWN = frozenset(ChatRequest.__struct_fields__) | _HINTS


def anthropic_request(
    body: Mapping[str, msgspec.Raw], model: str, *, stream: bool, drop_unsupported: bool = False
) -> MessagesRequest:
    """The request for `model`. Raises InvalidRequest: malformed or not expressible; `param` names the field.

    Args: drop_unsupported: leave out what cannot be expressed instead (LiteLLM's `drop_params`).
    """
    request = parse_chat(body)
    if not drop_unsupported:
        _refuse_unsupported(body, request)
    kind = traits(model)
    conversation = turns(request.messages)
    reasoning = _reason(request, kind)
    usable, choice = tools(request)
    return MessagesRequest(
        model=model,
        max_tokens=reasoning.max_tokens,
        messages=conversation,
        system=_system(request),
        tools=usable,
        tool_choice=choice,
        stop_sequences=[stop for stop in _stops(request) if stop.strip()] or None,
        temperature=_temperature(request) if kind.sampling else None,
        top_p=request.top_p if kind.sampling else None,
        top_k=request.top_k if kind.sampling else None,
        thinking=request.thinking or reasoning.thinking,
        output_config=_output_config(request, reasoning),
        metadata=_metadata(request),
        stream=stream or None,
    )


def _system(request: ChatRequest) -> list[TextBlock] | None:
    said = system_prompt(request.messages)
    if request.response_format is not None and request.response_format.type == "json_object":
        return [*(said or ()), TextBlock(text=JSON_ONLY)]
    return said


def _refuse_unsupported(body: Mapping[str, msgspec.Raw], request: ChatRequest) -> None:
    for name in sorted(body.keys() - _KNOWN):
        value = msgspec.json.decode(body[name])
        if value is not None and (name not in _NEUTRAL or value != _NEUTRAL[name]):
            raise InvalidRequest(f"`{name}` is not supported by this model's provider.", param=name)
    if request.response_format is not None and request.response_format.type not in _FORMATS:
        kind = request.response_format.type
        raise InvalidRequest(f"This model's provider has no `response_format` {kind!r}.", param="response_format")
    if not all(sequence.strip() for sequence in _stops(request)):
        raise InvalidRequest("This model's provider takes no stop sequence of white space only.", param="stop")


def _reason(request: ChatRequest, kind: Traits) -> Reasoning:
    limit = request.max_completion_tokens if request.max_completion_tokens is not None else request.max_tokens
    resumes = isinstance(request.messages[-1], ToolMessage)
    return reason(request.reasoning_effort, kind, limit, DEFAULT_MAX_TOKENS, resumes_tool_use=resumes)


def _stops(request: ChatRequest) -> list[str]:
    return [request.stop] if isinstance(request.stop, str) else request.stop or []


def _temperature(request: ChatRequest) -> float | None:
    return None if request.temperature is None else min(request.temperature, 1.0)


def _output_config(request: ChatRequest, reasoning: Reasoning) -> OutputConfig | None:
    wanted = request.response_format
    schema = wanted.json_schema if wanted is not None and wanted.type == "json_schema" else None
    if schema is None and reasoning.effort is None:
        return None
    return OutputConfig(reasoning.effort, OutputFormat(schema.schema) if schema else None)


def _metadata(request: ChatRequest) -> Metadata | None:
    user = request.safety_identifier or request.user
    return Metadata(user) if user else None
