"""What routing needs to know of a chat request: text of the last user message, and what a model must be able to do.

Messages are decoded here and nowhere else, and only for requests that are routed. What the text means
for an embedding (joining, cutting, tokens) is the routing service's business.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence

import msgspec

from routeiq.clients.routing import trim_middle
from routeiq.gateway.endpoint import Endpoint
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.json_errors import UNREADABLE

_TURNS = frozenset({"user", "assistant"})
_OPENING_BYTES = 2048
_IMAGE_PARTS = frozenset({"image_url", "input_image", "image"})


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Item(msgspec.Struct):
    """Of `/responses`. What is no message has no role."""

    role: str = ""
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Part(msgspec.Struct):
    type: str = "text"
    text: str | None = None


_messages = msgspec.json.Decoder(list[_Message])
_items = msgspec.json.Decoder(list[_Item])
_content = msgspec.json.Decoder(str | list[_Part] | None)
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_NOTHING = msgspec.Raw(b"[]")
_limit = msgspec.json.Decoder(int | None)
_facts = struct.Struct("<??B")


class PromptView(msgspec.Struct, frozen=True):
    """`text`: the last user message as `trim_middle` leaves it; None where the prompt was seen before: it is in the
    body still. `asks`: a hash of everything in the prompt that a decision depends on. `input_bytes`: length of all
    messages as sent.

    `opening`: a hash of both ends of the first user message as sent, and of its length. `turns`: messages of user and
    assistant. `history_bytes`: everything before the last user message, which a provider may have cached."""

    text: str | None
    asks: bytes
    system_sha256: bytes
    has_tools: bool
    has_images: bool
    max_output_tokens: int
    input_bytes: int
    endpoint: Endpoint = Endpoint.CHAT
    opening: bytes = b""
    turns: int = 1
    history_bytes: int = 0

    @classmethod
    def of_text(cls, text: str) -> PromptView:
        """Of a prompt without anything around it."""
        size, text = len(text.encode("utf-8", "surrogatepass")), trim_middle((text,))
        return cls(text, asks(text), b"", has_tools=False, has_images=False, max_output_tokens=0, input_bytes=size)

    def without_text(self) -> PromptView:
        return msgspec.structs.replace(self, text=None)


def asks(
    text: str,
    system_sha256: bytes = b"",
    *,
    has_tools: bool = False,
    has_images: bool = False,
    max_output_tokens: int = 0,
) -> bytes:
    """A hash of what a decision depends on in a prompt. The output limit counts by its power of two.

    Args: text: from `trim_middle`: of a long prompt both ends are all that routing reads."""
    facts = _facts.pack(has_tools, has_images, max_output_tokens.bit_length())
    system = system_sha256.ljust(32, b"\0")
    return hashlib.blake2b(b"".join((facts, system, text.encode())), digest_size=16).digest()


def view_prompt(body: Mapping[str, msgspec.Raw], endpoint: Endpoint = Endpoint.CHAT) -> PromptView:
    """Raises InvalidRequest where messages or their content are not of the endpoint's form."""
    raw = _input(body, endpoint)
    messages = _decode_items(raw) if endpoint is Endpoint.RESPONSES else _decode_messages(raw)
    asked = [m for m in messages if m.role == "user"]
    last = asked[-1] if asked else None
    size = memoryview(raw).nbytes
    text, system = trim_middle(_texts(last) if last else ()), _system_hash(messages)
    images = b"image" in bytes(raw) and any(_has_image(message) for message in messages)
    tools, limit = has_tools(body), max_output_tokens(body)
    return PromptView(
        text=text,
        asks=asks(text, system, has_tools=tools, has_images=images, max_output_tokens=limit),
        system_sha256=system,
        has_tools=tools,
        has_images=images,
        max_output_tokens=limit,
        input_bytes=size,
        endpoint=endpoint,
        opening=_opening(asked[0]) if asked else b"",
        turns=sum(m.role in _TURNS for m in messages),
        history_bytes=size - memoryview(last.content).nbytes if last else 0,
    )


def _input(body: Mapping[str, msgspec.Raw], endpoint: Endpoint) -> msgspec.Raw:
    """What the endpoint takes, as a list of messages."""
    if endpoint is Endpoint.COMPLETIONS:
        return _said_by_user(_texts_of_prompt(body["prompt"]))
    if endpoint is Endpoint.RESPONSES:
        given = body.get("input", _NOTHING)
        return _said_by_user([given]) if _is_text(given) else given
    return body["messages"]


def _is_text(value: msgspec.Raw) -> bool:
    return memoryview(value)[:1].tobytes() == b'"'


def _said_by_user(texts: list[msgspec.Raw]) -> msgspec.Raw:
    parts = [{"type": "text", "text": text} for text in texts]
    return msgspec.Raw(msgspec.json.encode([{"role": "user", "content": parts}]))


def _texts_of_prompt(prompt: msgspec.Raw) -> list[msgspec.Raw]:
    """Of a text or a list of texts. Token ids say nothing to the encoder."""
    if _is_text(prompt):
        return [prompt]
    try:
        return [one for one in _raws.decode(prompt) if _is_text(one)]
    except UNREADABLE as error:
        raise InvalidRequest(f"'prompt' is neither text nor a list: {error}", param="prompt") from None


def _decode_messages(raw: msgspec.Raw) -> Sequence[_Message]:
    try:
        return _messages.decode(raw)
    except UNREADABLE as error:
        raise InvalidRequest(f"'messages' is not a list of chat messages: {error}", param="messages") from None


def _decode_items(raw: msgspec.Raw) -> Sequence[_Message | _Item]:
    try:
        return _items.decode(raw)
    except UNREADABLE as error:
        raise InvalidRequest(f"'input' is neither text nor a list of items: {error}", param="input") from None


def _opening(message: _Message | _Item) -> bytes:
    content = memoryview(message.content)
    ends = (content[:_OPENING_BYTES], content[_OPENING_BYTES:][-_OPENING_BYTES:])
    return hashlib.blake2b(b"".join((content.nbytes.to_bytes(8, "little"), *ends)), digest_size=16).digest()


def _parts(message: _Message | _Item) -> list[_Part]:
    try:
        content = _content.decode(message.content)
    except UNREADABLE as error:
        raise InvalidRequest(
            f"A message's 'content' is neither text nor a list of parts: {error}", param="messages"
        ) from None
    if isinstance(content, str):
        return [_Part(text=content)]
    return content or []


def _texts(message: _Message | _Item) -> tuple[str, ...]:
    return tuple(part.text for part in _parts(message) if part.text)


def _has_image(message: _Message | _Item) -> bool:
    return any(part.type in _IMAGE_PARTS for part in _parts(message))


def _system_hash(messages: Sequence[_Message | _Item]) -> bytes:
    system = [bytes(m.content) for m in messages if m.role in ("system", "developer")]
    return hashlib.sha256(b"\n".join(system)).digest() if system else b""


def has_tools(body: Mapping[str, msgspec.Raw]) -> bool:
    """Whether the request offers any."""
    return any(name in body and bytes(body[name]).strip() not in (b"null", b"[]") for name in ("tools", "functions"))


def max_output_tokens(body: Mapping[str, msgspec.Raw]) -> int:
    """The request's own limit, 0 without one. Raises: InvalidRequest."""
    for name in ("max_completion_tokens", "max_tokens", "max_output_tokens"):
        if name in body:
            try:
                return max(0, min(_limit.decode(body[name]) or 0, 2**31))
            except UNREADABLE:
                raise InvalidRequest(f"'{name}' must be an integer.", param=name) from None
    return 0
