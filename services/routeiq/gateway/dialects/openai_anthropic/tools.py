"""OpenAI's tools and tool choice as Anthropic's."""

from __future__ import annotations

import msgspec

from routeiq.gateway.dialects.openai_anthropic.blocks import Tool, ToolChoice
from routeiq.gateway.dialects.openai_request import (
    AssistantMessage,
    ChatRequest,
    FunctionTool,
    JSONObject,
    Message,
    NamedToolChoice,
)
from routeiq.kit.errors import InvalidRequest

_OPEN_SCHEMA: JSONObject = {"type": msgspec.Raw(b'"object"'), "properties": msgspec.Raw(b"{}")}
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


def tools(request: ChatRequest) -> tuple[list[Tool] | None, ToolChoice | None]:
    """What may be called and what must be.

    Anthropic refuses a history with tool calls and no tools; then those that were called are declared, and none may
    be called. Raises InvalidRequest: an unknown `tool_choice`.
    """
    if request.tools:
        return [_tool(tool) for tool in request.tools], _choice(request)
    past = _called(request.messages)
    if past:
        return [Tool(name, _OPEN_SCHEMA) for name in past], ToolChoice("none")
    return None, None


def _tool(tool: FunctionTool) -> Tool:
    function = tool.function
    return Tool(
        function.name,
        function.parameters or _OPEN_SCHEMA,
        function.description,
        function.strict or None,
        tool.cache_control,
    )


def _choice(request: ChatRequest) -> ToolChoice | None:
    wanted = request.tool_choice
    alone = True if request.parallel_tool_calls is False else None
    if isinstance(wanted, NamedToolChoice):
        return ToolChoice("tool", wanted.function.name, alone)
    if wanted is None:
        return ToolChoice("auto", None, alone) if alone else None
    if wanted not in _CHOICES:
        raise InvalidRequest("`tool_choice` must be auto, required, none or a function.", param="tool_choice")
    return ToolChoice(_CHOICES[wanted], None, alone if wanted != "none" else None)


def _called(messages: list[Message]) -> list[str]:
    """Names of the functions called so far, in order, once each."""
    calls = (call for message in messages if isinstance(message, AssistantMessage) for call in message.tool_calls or ())
    return list(dict.fromkeys(call.function.name for call in calls))
