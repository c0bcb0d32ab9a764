"""OpenAI's chat request, as far as a translation to another dialect reads it.

Unknown fields inside messages are passed over.
Source: platform.openai.com, API reference, "Create chat completion".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from routeiq.kit.errors import InvalidRequest
from routeiq.kit.json_errors import UNREADABLE

T = TypeVar("T", bound=msgspec.Struct)
JSONObject = dict[str, msgspec.Raw]
"""An object that is passed on unread."""


class TextPart(msgspec.Struct, tag_field="type", tag="text"):
    text: str
    cache_control: JSONObject | None = None
    """Anthropic's, in LiteLLM's place for it."""


class RefusalPart(msgspec.Struct, tag_field="type", tag="refusal"):
    refusal: str


class ImageURL(msgspec.Struct):
    url: str


class ImagePart(msgspec.Struct, tag_field="type", tag="image_url"):
    image_url: ImageURL
    cache_control: JSONObject | None = None


class FileData(msgspec.Struct):
    file_data: str
    """A data URL. File ids belong to another provider's store."""
    filename: str | None = None


class FilePart(msgspec.Struct, tag_field="type", tag="file"):
    file: FileData
    cache_control: JSONObject | None = None


Part = TextPart | RefusalPart | ImagePart | FilePart
Content = str | list[Part]


class FunctionCall(msgspec.Struct):
    name: str
    arguments: str = ""


class ToolCall(msgspec.Struct):
    id: str
    function: FunctionCall


class SystemMessage(msgspec.Struct, tag_field="role", tag="system"):
    content: Content


class DeveloperMessage(msgspec.Struct, tag_field="role", tag="developer"):
    content: Content


class UserMessage(msgspec.Struct, tag_field="role", tag="user"):
    content: Content


class AssistantMessage(msgspec.Struct, tag_field="role", tag="assistant"):
    content: Content | None = None
    tool_calls: list[ToolCall] | None = None


class ToolMessage(msgspec.Struct, tag_field="role", tag="tool"):
    content: Content
    tool_call_id: str


Message = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage


class Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: JSONObject | None = None
    strict: bool | None = None


class FunctionTool(msgspec.Struct, tag_field="type", tag="function"):
    function: Function
    cache_control: JSONObject | None = None


class FunctionName(msgspec.Struct):
    name: str


class NamedToolChoice(msgspec.Struct, tag_field="type", tag="function"):
    function: FunctionName


class JSONSchema(msgspec.Struct):
    schema: JSONObject


class ResponseFormat(msgspec.Struct):
    type: str
    json_schema: JSONSchema | None = None


class ChatRequest(msgspec.Struct):
    """The fields that mean something elsewhere, too."""

    messages: list[Message]
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    response_format: ResponseFormat | None = None
    safety_identifier: str | None = None
    stop: str | list[str] | None = None
    temperature: float | None = None
    thinking: JSONObject | None = None
    """Anthropic's own; as `top_k`, passed through."""
    tool_choice: str | NamedToolChoice | None = None
    tools: list[FunctionTool] | None = None
    top_k: int | None = None
    top_p: float | None = None
    user: str | None = None


_PLACE = re.compile(r"^(?P<problem>.*) - at `\$\.?(?P<place>.*)`$", re.DOTALL)


def parse_chat(body: Mapping[str, msgspec.Raw]) -> ChatRequest:
    """Raises InvalidRequest: a field has the wrong shape; `param` is its path, such as `messages[0].content`."""
    return parse_body(body, ChatRequest)


def parse_body(body: Mapping[str, msgspec.Raw], shape: type[T]) -> T:
    """The body as a struct with a field for each name that matters. Raises InvalidRequest, as `parse_chat`."""
    try:
        return msgspec.json.decode(msgspec.json.encode(body), type=shape)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from None
    except UNREADABLE:
        raise InvalidRequest("The request is not valid JSON.") from None


def invalid(text: str) -> InvalidRequest:
    """msgspec's message as a refusal: the place becomes `param`."""
    match = _PLACE.match(text)
    if match is None:
        return InvalidRequest(f"{text}.")
    return InvalidRequest(f"{match['place']}: {match['problem']}.", param=match["place"])
