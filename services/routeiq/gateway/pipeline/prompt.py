"""What routing needs to know of a chat request: text of the last user message, and what a model must be able to do.

Messages are decoded here and nowhere else, and only for requests that are routed. What the text means
for an embedding (joining, cutting, tokens) is the routing service's business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from routeiq.kit.errors import InvalidRequest

_TURNS = frozenset({"user", "assistant"})
_OPENING_BYTES = 2048
_IMAGE_PARTS = frozenset({"image_url", "input_image", "image"})


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Part(msgspec.Struct):
    type: str = "text"
    text: str | None = None


_messages = msgspec.json.Decoder(list[_Message])
_content = msgspec.json.Decoder(str | list[_Part] | None)
_limit = msgspec.json.Decoder(int | None)


@dataclass(frozen=True, slots=True)
class PromptView:
    """`text`: parts of the last user message, in order. `input_bytes`: length of all messages as sent.

    `opening`: both ends of the first user message as sent, and its length. `turns`: messages of user and assistant.
    `history_bytes`: everything before the last user message, which a provider may have cached."""

    text: tuple[str, ...]
    system_sha256: bytes
    has_tools: bool
    has_images: bool
    max_output_tokens: int
    input_bytes: int
    opening: bytes = b""
    turns: int = 1
    history_bytes: int = 0


def view_prompt(body: Mapping[str, msgspec.Raw]) -> PromptView:
    """Raises InvalidRequest where messages or their content are not of OpenAI's form."""
    raw = body["messages"]
    messages = _decode_messages(raw)
    asked = [m for m in messages if m.role == "user"]
    last = asked[-1] if asked else None
    size = memoryview(raw).nbytes
    return PromptView(
        text=_texts(last) if last else (),
        system_sha256=_system_hash(messages),
        has_tools=_has_tools(body),
        has_images=b"image" in bytes(raw) and any(_has_image(message) for message in messages),
        max_output_tokens=_max_output_tokens(body),
        input_bytes=size,
        opening=_opening(asked[0]) if asked else b"",
        turns=sum(m.role in _TURNS for m in messages),
        history_bytes=size - memoryview(last.content).nbytes if last else 0,
    )


def _decode_messages(raw: msgspec.Raw) -> list[_Message]:
    try:
        return _messages.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"'messages' is not a list of chat messages: {error}", param="messages") from None


def _opening(message: _Message) -> bytes:
    content = memoryview(message.content)
    ends = (content[:_OPENING_BYTES], content[_OPENING_BYTES:][-_OPENING_BYTES:])
    return b"".join((content.nbytes.to_bytes(8, "little"), *ends))


def _parts(message: _Message) -> list[_Part]:
    try:
        content = _content.decode(message.content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(
            f"A message's 'content' is neither text nor a list of parts: {error}", param="messages"
        ) from None
    if isinstance(content, str):
        return [_Part(text=content)]
    return content or []


def _texts(message: _Message) -> tuple[str, ...]:
    return tuple(part.text for part in _parts(message) if part.text)


def _has_image(message: _Message) -> bool:
    return any(part.type in _IMAGE_PARTS for part in _parts(message))


def _system_hash(messages: list[_Message]) -> bytes:
    system = [bytes(m.content) for m in messages if m.role in ("system", "developer")]
    return hashlib.sha256(b"\n".join(system)).digest() if system else b""


def _has_tools(body: Mapping[str, msgspec.Raw]) -> bool:
    return any(name in body and bytes(body[name]).strip() not in (b"null", b"[]") for name in ("tools", "functions"))


def _max_output_tokens(body: Mapping[str, msgspec.Raw]) -> int:
    for name in ("max_completion_tokens", "max_tokens"):
        if name in body:
            try:
                return max(0, min(_limit.decode(body[name]) or 0, 2**31))
            except msgspec.DecodeError:
                raise InvalidRequest(f"'{name}' must be an integer.", param=name) from None
    return 0
