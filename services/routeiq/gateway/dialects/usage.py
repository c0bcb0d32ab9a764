"""Token counts in the answers of each dialect, read from raw bytes.

A whole answer is decoded, as far as its `usage`. A stream is read by lines as it passes, and of a whole line only its
counts are kept: OpenAI's dialects report in one of the last events, Anthropic's in the first and the last.
Quotes inside JSON strings are escaped, so an object after a plain `"usage":` is a real one.
Source: the API references of OpenAI (chat, completions, embeddings, responses) and Anthropic (messages).
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from routeiq.gateway.plan import Endpoint, Usage
from routeiq.kit.json_errors import UNREADABLE

_OBJECT = re.compile(rb'"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})')
_NAME, _NOTHING = b'"usage"', b'"usage":null'
"""The latter is in all but one of the events of a stream in OpenAI's dialect."""
_LINE_ENDS = (b"\n", b"\r")
_KEPT_BYTES = 16 * 1024
"""Of a line without an end, in case that the counts are cut. What may follow them is 16 pieces of metadata at most."""
_HELD_BYTES = 3 * _KEPT_BYTES // 2
"""Before its beginning is forgotten, so that it is not done for every chunk."""


_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""An upstream may say any number. One that no answer can have, or no float, must not reach what adds and divides."""


class _Counts(msgspec.Struct):
    """The names of all dialects: `prompt_tokens` and `completion_tokens`, or `input_tokens` and `output_tokens`."""

    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    input_tokens: _Count | None = None
    output_tokens: _Count | None = None
    cache_creation_input_tokens: _Count | None = None
    cache_read_input_tokens: _Count | None = None

    @property
    def input(self) -> int:
        """Anthropic does not count cached tokens among its input tokens; OpenAI does."""
        own = self.prompt_tokens if self.input_tokens is None else self.input_tokens
        return (own or 0) + (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)

    @property
    def output(self) -> int:
        return (self.completion_tokens if self.output_tokens is None else self.output_tokens) or 0


class _Answer(msgspec.Struct):
    usage: _Counts | None = None


_answer = msgspec.json.Decoder(_Answer)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_counts = msgspec.json.Decoder(_Counts)


class NotAnAnswer(ValueError):
    """The body is not a JSON object."""


def read_usage(body: bytes) -> Usage | None:
    """Tokens of a whole answer; None where the upstream did not report them. Raises: NotAnAnswer."""
    try:
        counts = _answer.decode(body).usage
    except UNREADABLE:
        _check_object(body)  # one whose `usage` is none is still an answer
        return None
    return Usage(counts.input, counts.output) if counts else None


def _check_object(body: bytes) -> None:
    try:
        _object.decode(body)
    except UNREADABLE:
        raise NotAnAnswer from None


class StreamUsage:
    """Sees every chunk of a stream, however it is cut. Most end with a line and name no counts: nothing of them is
    kept, so that their memory is free for the next ones while the processor still has it in its caches."""

    __slots__ = ("_both_ends", "_end", "_line", "_line_bytes", "_start")

    def __init__(self, endpoint: Endpoint) -> None:
        self._both_ends = endpoint is Endpoint.MESSAGES
        self._start: _Counts | None = None
        self._end: _Counts | None = None
        """What was reported first, and last."""
        self._line: list[bytes] = []
        """What has come of a line that lacks its end."""
        self._line_bytes = 0

    def add(self, chunk: bytes) -> None:
        """The next bytes of the stream."""
        if self._line or not chunk.endswith(_LINE_ENDS):
            chunk = self._joined(chunk)
        if chunk.count(_NAME) != chunk.count(_NOTHING):
            self._note(chunk)

    def read(self) -> Usage | None:
        """What the stream reported; None: nothing."""
        self._note(b"".join(self._line))
        start, end = self._start if self._both_ends else self._end, self._end
        if start is None or end is None:
            return None
        return Usage(max(start.input, end.input), end.output)

    def _joined(self, chunk: bytes) -> bytes:
        """With what came of its first line before; nothing, while that may still be kept."""
        self._line.append(chunk)
        self._line_bytes += len(chunk)
        ended = chunk.endswith(_LINE_ENDS)
        if not ended and self._line_bytes <= _HELD_BYTES:
            return b""
        whole = b"".join(self._line)
        self._line = [] if ended else [whole[-_KEPT_BYTES:]]
        self._line_bytes = 0 if ended else _KEPT_BYTES
        return whole

    def _note(self, text: bytes) -> None:
        found = _find(text)
        if found:
            self._start, self._end = self._start or found[0], found[-1]


def _find(text: bytes) -> list[_Counts]:
    """Every usage object in the text that has a count, in order."""
    found = []
    for match in _OBJECT.finditer(text):
        try:
            counts = _counts.decode(match[1])
        except UNREADABLE:
            continue
        if counts != _Counts():
            found.append(counts)
    return found
