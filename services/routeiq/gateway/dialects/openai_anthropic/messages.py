"""OpenAI's messages as Anthropic's turns.

System and developer messages, wherever they stand, become the system prompt. Tool results are part of the
user's turn; neighbours of one role are one turn. Anthropic refuses empty text, so it is left out, and a message
that had nothing else with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from routeiq.gateway.dialects.openai_anthropic.blocks import (
    Base64Source,
    Block,
    DocumentBlock,
    ImageBlock,
    Source,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
    URLSource,
)
from routeiq.gateway.dialects.openai_request import (
    AssistantMessage,
    Content,
    DeveloperMessage,
    FilePart,
    ImagePart,
    Message,
    Part,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
)
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.json_errors import UNREADABLE

_NOT_IN_TOOL_ID = re.compile(r"[^a-zA-Z0-9_-]")
_NO_ARGUMENTS = msgspec.Raw(b"{}")


def system_prompt(messages: list[Message]) -> list[TextBlock] | None:
    """One text block per part, in order. Raises InvalidRequest: a part that is not text."""
    found: list[TextBlock] = []
    for place, message in enumerate(messages):
        if isinstance(message, SystemMessage | DeveloperMessage):
            for block in _content(message.content, f"messages[{place}].content"):
                if not isinstance(block, TextBlock):
                    raise InvalidRequest("System messages may hold only text.", param=f"messages[{place}].content")
                found.append(block)
    return found or None


def turns(messages: list[Message]) -> list[Turn]:
    """The conversation. Raises InvalidRequest: nothing is left of it, or a part cannot be expressed."""
    found: list[Turn] = []
    for place, message in enumerate(messages):
        if isinstance(message, SystemMessage | DeveloperMessage):
            continue
        role = "assistant" if isinstance(message, AssistantMessage) else "user"
        blocks = list(_blocks(message, f"messages[{place}]"))
        if found and found[-1].role == role:
            found[-1].content.extend(blocks)
        elif blocks:
            found.append(Turn(role, blocks))
    if not found:
        raise InvalidRequest("There is no message with content besides the system's.", param="messages")
    _trim_prefill(found[-1])
    return found


def _blocks(message: Message, place: str) -> Iterator[Block]:
    if isinstance(message, ToolMessage):
        yield ToolResultBlock(tool_id(message.tool_call_id), list(_content(message.content, f"{place}.content")))
        return
    if message.content is not None:
        yield from _content(message.content, f"{place}.content")
    if isinstance(message, AssistantMessage):
        for number, call in enumerate(message.tool_calls or ()):
            yield ToolUseBlock(tool_id(call.id), call.function.name, _arguments(call, f"{place}.tool_calls[{number}]"))


def _content(content: Content, place: str) -> Iterator[Block]:
    parts: list[Part] = [TextPart(content)] if isinstance(content, str) else content
    for number, part in enumerate(parts):
        block = _part(part, f"{place}[{number}]")
        if block is not None:
            yield block


def _part(part: Part, place: str) -> Block | None:
    if isinstance(part, ImagePart):
        return ImageBlock(_source(part.image_url.url, f"{place}.image_url.url"), part.cache_control)
    if isinstance(part, FilePart):
        return DocumentBlock(
            _source(part.file.file_data, f"{place}.file.file_data"), part.file.filename, part.cache_control
        )
    if isinstance(part, RefusalPart):
        return TextBlock(part.refusal) if part.refusal.strip() else None
    return TextBlock(part.text, part.cache_control) if part.text.strip() else None


def _source(url: str, place: str) -> Source:
    scheme, _, rest = url.partition(":")
    if scheme.lower() in ("https", "http"):
        return URLSource(url)
    head, comma, data = rest.partition(",")
    media_type, *options = head.lower().split(";")
    if scheme.lower() != "data" or not comma or "base64" not in options:
        raise InvalidRequest("Only https URLs and base64 data URLs can be sent to this model.", param=place)
    return Base64Source("image/jpeg" if media_type == "image/jpg" else media_type, data)


def _arguments(call: ToolCall, place: str) -> msgspec.Raw:
    if not call.function.arguments.strip():
        return _NO_ARGUMENTS
    try:
        msgspec.json.decode(call.function.arguments, type=dict[str, msgspec.Raw])
    except UNREADABLE:
        raise InvalidRequest(
            "Tool call arguments must be a JSON object.", param=f"{place}.function.arguments"
        ) from None
    return msgspec.Raw(call.function.arguments.encode())


def tool_id(identifier: str) -> str:
    """Anthropic takes only letters, digits, `_`, `-`; other providers' ids have more. Call and result change alike."""
    return _NOT_IN_TOOL_ID.sub("_", identifier)


def _trim_prefill(last: Turn) -> None:
    """An answer that the assistant is to continue may not end in white space."""
    block = last.content[-1]
    if last.role == "assistant" and isinstance(block, TextBlock):
        block.text = block.text.rstrip()
