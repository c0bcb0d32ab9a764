"""Anthropic's request: the message, its content blocks, tools."""

from __future__ import annotations

import msgspec

from routeiq.gateway.dialects.openai_request import JSONObject


class Base64Source(msgspec.Struct, tag_field="type", tag="base64"):
    media_type: str
    data: str


class URLSource(msgspec.Struct, tag_field="type", tag="url"):
    url: str


Source = Base64Source | URLSource


class TextBlock(msgspec.Struct, tag_field="type", tag="text", omit_defaults=True):
    text: str
    cache_control: JSONObject | None = None


class ImageBlock(msgspec.Struct, tag_field="type", tag="image", omit_defaults=True):
    source: Source
    cache_control: JSONObject | None = None


class DocumentBlock(msgspec.Struct, tag_field="type", tag="document", omit_defaults=True):
    source: Source
    title: str | None = None
    cache_control: JSONObject | None = None


class ToolUseBlock(msgspec.Struct, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: msgspec.Raw


class ToolResultBlock(msgspec.Struct, tag_field="type", tag="tool_result"):
    tool_use_id: str
    content: list[Block]


Block = TextBlock | ImageBlock | DocumentBlock | ToolUseBlock | ToolResultBlock


class Turn(msgspec.Struct):
    """One message. Roles alternate."""

    role: str
    content: list[Block]


class Tool(msgspec.Struct, omit_defaults=True):
    name: str
    input_schema: JSONObject
    description: str | None = None
    strict: bool | None = None
    cache_control: JSONObject | None = None


class ToolChoice(msgspec.Struct, omit_defaults=True):
    """`type`: auto, any, tool (then with `name`) or none."""

    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Metadata(msgspec.Struct):
    user_id: str


class Thinking(msgspec.Struct, omit_defaults=True):
    type: str
    budget_tokens: int | None = None
    display: str | None = None


class OutputFormat(msgspec.Struct):
    schema: JSONObject
    type: str = "json_schema"


class OutputConfig(msgspec.Struct, omit_defaults=True):
    effort: str | None = None
    format: OutputFormat | None = None


class MessagesRequest(msgspec.Struct, omit_defaults=True):
    """The body of `POST /v1/messages`."""

    model: str
    max_tokens: int
    messages: list[Turn]
    system: list[TextBlock] | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    stop_sequences: list[str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    thinking: Thinking | JSONObject | None = None
    output_config: OutputConfig | None = None
    metadata: Metadata | None = None
    stream: bool | None = None
