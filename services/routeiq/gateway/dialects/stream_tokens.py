"""How many tokens a stream has brought, counted as it passes: for who has to bill one whose end never came.

An event with content is one token with most providers. Those that pack several into one say so at their streams' ends;
of such a `packed` one, five bytes of text are taken for a token, which is fewer than there are. Most events differ from
the one before in their text alone, and are known by what stands before it; the others are read.
Source: the API references of OpenAI (chat, completions, responses) and Anthropic (messages).
"""

from __future__ import annotations

import re

import msgspec

from routeiq.gateway.endpoint import Endpoint
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.sse import SSEFrameTooLarge, SSEReader, parse_event

BYTES_A_TOKEN = 5
_FRAME_LIMIT_BYTES = 64 * 1024 * 1024
_DATA, _LINE, _QUOTE, _NEWLINE = b"data:", b"data: ", 0x22, b"\n"
_TEXTS = {
    Endpoint.CHAT: (b'"content":"', b'"content": "'),
    Endpoint.COMPLETIONS: (b'"text":"', b'"text": "'),
    Endpoint.MESSAGES: (b'"text":"', b'"text": "'),
}
"""What stands before an event's text."""
_LAST = frozenset({"response.completed", "response.incomplete", "response.failed"})
"""The events of OpenAI's responses that report usage. Others repeat what the client sent, which may look like it."""
_EMPTY = frozenset({b"", b'""', b"null", b"[]", b"{}"})
_NONE = msgspec.Raw(b"")


class _Delta(msgspec.Struct):
    content: msgspec.Raw = _NONE
    reasoning_content: msgspec.Raw = _NONE
    reasoning: msgspec.Raw = _NONE
    refusal: msgspec.Raw = _NONE
    tool_calls: msgspec.Raw = _NONE
    function_call: msgspec.Raw = _NONE
    audio: msgspec.Raw = _NONE


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    text: msgspec.Raw = _NONE


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: msgspec.Raw = _NONE


class _BlockDelta(msgspec.Struct):
    text: msgspec.Raw = _NONE
    thinking: msgspec.Raw = _NONE
    partial_json: msgspec.Raw = _NONE


class _Event(msgspec.Struct):
    """Anthropic's, and of OpenAI's responses: there `delta` is a string."""

    type: str = ""
    delta: msgspec.Raw = _NONE


class _Response(msgspec.Struct, omit_defaults=True):
    usage: msgspec.Raw = _NONE
    service_tier: str | None = None


class _Ended(msgspec.Struct):
    response: _Response


_chunk = msgspec.json.Decoder(_Chunk).decode
_event = msgspec.json.Decoder(_Event).decode
_ended = msgspec.json.Decoder(_Ended).decode
_block = msgspec.json.Decoder(_BlockDelta).decode
_string = msgspec.json.Decoder(str).decode


class StreamTokens:
    """Of one stream, whose chunks may be cut anywhere."""

    __slots__ = (
        "_endpoint", "_prefix", "_reader", "_texts", "events", "final", "packed", "report", "reports", "tokens",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint, *, packed: bool = False) -> None:
        self._endpoint, self.packed = endpoint, packed
        self._texts = () if packed else _TEXTS.get(endpoint, ())
        self._prefix = b""
        self._reader: SSEReader | None = None
        self.events = self.tokens = 0
        """With content, so far."""
        self.reports = self.final = False
        """The last chunk reported usage; a report was the last one."""
        self.report = b""
        """Of OpenAI's responses: what was reported, as a line of its own."""

    def add(self, chunk: bytes) -> int:
        """Returns: the tokens that it completes."""
        prefix = self._prefix
        if self._reader is None and chunk.endswith(b"\n\n"):
            if (
                prefix
                and chunk.startswith(prefix)
                and chunk[len(prefix)] != _QUOTE
                and chunk.find(_NEWLINE, len(prefix)) == len(chunk) - 2
            ):
                self.events += 1
                self.tokens += 1
                self.reports = False
                return 1
            if b"\r" not in chunk:
                return self._count(chunk[:-2].split(b"\n\n"))
        return self._count(self._frames(chunk))

    def rest(self) -> int:
        """At the stream's end: what a last frame holds that lacks its blank line."""
        reader, self._reader = self._reader, None
        return self._count([reader.rest]) if reader is not None else 0

    def _frames(self, chunk: bytes) -> list[bytes]:
        reader = self._reader or SSEReader(_FRAME_LIMIT_BYTES)
        try:
            frames = reader.frames(chunk)
        except SSEFrameTooLarge:  # whoever relays it says so
            self._reader = None
            return []
        self._reader = reader if reader.holds else None
        return frames

    def _count(self, frames: list[bytes]) -> int:
        found, prefix = 0, self._prefix
        self.reports = False
        for frame in frames:
            if prefix and len(frame) > len(prefix) and frame.startswith(prefix) and frame[len(prefix)] != _QUOTE:
                self.events += 1
                found += 1
            elif _DATA in frame:
                found += self._read(frame)
                prefix = self._prefix
        self.tokens += found
        return found

    def _read(self, frame: bytes) -> int:
        data = _data(frame)
        if data is None or data == b"[DONE]":
            return 0
        try:
            said = [texts for texts in self._contents(data) if texts]
        except UNREADABLE:
            return 0
        self.events += len(said)
        if len(said) == 1 and self._texts:
            self._learn(frame)
        return sum(map(_tokens, said)) if self.packed else len(said)

    def _contents(self, data: bytes) -> list[list[msgspec.Raw]]:
        """Of each choice what it says."""
        if self._endpoint in (Endpoint.MESSAGES, Endpoint.RESPONSES):
            return [self._of_event(data)]
        chunk = _chunk(data)
        if chunk.usage is not _NONE and bytes(chunk.usage) not in _EMPTY:
            self.reports = self.final = True
        return [_of_choice(choice) for choice in chunk.choices]

    def _of_event(self, data: bytes) -> list[msgspec.Raw]:
        event = _event(data)
        if self._endpoint is Endpoint.RESPONSES:
            if event.type in _LAST:
                self.report = b"data: %b\n" % msgspec.json.encode(_ended(data).response)
                self.reports = self.final = True
            return _filled(event.delta) if event.type.endswith(".delta") else []
        if b'"usage"' in data:
            self.reports = True
            self.final = event.type != "message_start"
        if event.type != "content_block_delta":
            return []
        block = _block(event.delta)
        return _filled(block.text, block.thinking, block.partial_json)

    def _learn(self, frame: bytes) -> None:
        """What stands before the text, for the next ones."""
        for text in self._texts:
            place = frame.find(text)
            after = place + len(text)
            if place >= 0 and frame[after : after + 1] != b'"' and frame.count(_DATA, 0, after) == 1:
                self._prefix = frame[:after]
                return


def _data(frame: bytes) -> bytes | None:
    """Of a frame, most of which are a single line."""
    if frame.startswith(_LINE) and _NEWLINE not in frame and b"\r" not in frame:
        return frame[len(_LINE) :]
    event = parse_event(frame)
    return None if event is None else event.data


def _of_choice(choice: _Choice) -> list[msgspec.Raw]:
    delta = choice.delta
    if delta is None:
        return _filled(choice.text)
    return _filled(
        choice.text, delta.content, delta.reasoning_content, delta.reasoning, delta.refusal, delta.tool_calls,
        delta.function_call, delta.audio,
    )  # fmt: skip


def _filled(*values: msgspec.Raw) -> list[msgspec.Raw]:
    return [value for value in values if value is not _NONE and bytes(value) not in _EMPTY]


def _tokens(texts: list[msgspec.Raw]) -> int:
    """Of packed events, at least."""
    return max(1, sum(map(_length, texts)) // BYTES_A_TOKEN)


def _length(text: msgspec.Raw) -> int:
    """In bytes, as it will be read."""
    try:
        return len(_string(text).encode())
    except (*UNREADABLE, UnicodeEncodeError):
        return len(bytes(text))


class _Said(msgspec.Struct):
    message: _Delta | None = None
    text: msgspec.Raw = _NONE


class _Whole(msgspec.Struct):
    choices: list[_Said] = []
    content: msgspec.Raw = _NONE
    output: msgspec.Raw = _NONE


_whole = msgspec.json.Decoder(_Whole).decode
_SAID = re.compile(rb'"(?:content|text|arguments)"\s*:\s*"((?:[^"\\]|\\.)++)')
"""A text, as far as it has come."""


def whole_tokens(body: bytes) -> int:
    """Of a whole answer that does not say what it comes to; fewer than there are."""
    try:
        answer = _whole(body)
    except UNREADABLE:
        return 0
    texts = [text for one in answer.choices for text in _of_choice(_Choice(one.message, one.text))]
    return sum(map(_length, texts + _filled(answer.content, answer.output))) // BYTES_A_TOKEN


def begun_tokens(body: bytes) -> int:
    """Of a whole answer whose end is missing; fewer than there are, but one at least if anything was said."""
    return -(-sum(map(len, _SAID.findall(body))) // BYTES_A_TOKEN)
