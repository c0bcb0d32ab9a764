"""Token counts in the answers of each dialect, read from raw bytes.

A whole answer is decoded, as far as its `usage`. Of a stream only the ends are kept: OpenAI's dialects report in one of
the last events, Anthropic's in the first and the last. Quotes inside JSON strings are escaped, so an object after a
plain `"usage":` is a real one.
Source: the API references of OpenAI (chat, completions, embeddings, responses) and Anthropic (messages).
"""

from __future__ import annotations

import re
from collections import deque

import msgspec

from routeiq.gateway.plan import Endpoint, Usage
from routeiq.kit.json_errors import UNREADABLE

_OBJECT = re.compile(rb'"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})')
_KEPT_BYTES = 16 * 1024
"""Of each end of a stream, in whole chunks. What may follow the counts is 16 pieces of metadata at most."""


class _Counts(msgspec.Struct):
    """The names of all dialects: `prompt_tokens` and `completion_tokens`, or `input_tokens` and `output_tokens`."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None

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
_counts = msgspec.json.Decoder(_Counts)


def read_usage(body: bytes) -> Usage | None:
    """Tokens of a whole answer; None where the upstream did not report them."""
    try:
        counts = _answer.decode(body).usage
    except UNREADABLE:
        return None
    return Usage(counts.input, counts.output) if counts else None


class StreamUsage:
    """Sees every chunk of a stream, however it is cut, and keeps its ends. `add` costs no copy."""

    __slots__ = ("_first", "_first_bytes", "_last", "_last_bytes")

    def __init__(self, endpoint: Endpoint) -> None:
        self._first: list[bytes] = []
        self._first_bytes = 0 if endpoint is Endpoint.MESSAGES else _KEPT_BYTES
        self._last: deque[bytes] = deque()
        self._last_bytes = 0

    def add(self, chunk: bytes) -> None:
        """The next bytes of the stream."""
        if self._first_bytes < _KEPT_BYTES:
            self._first.append(chunk)
            self._first_bytes += len(chunk)
        last = self._last
        last.append(chunk)
        self._last_bytes += len(chunk)
        while self._last_bytes - len(last[0]) > _KEPT_BYTES:
            self._last_bytes -= len(last.popleft())

    def read(self) -> Usage | None:
        """What the stream reported; None: nothing."""
        start = _find(b"".join(self._first))
        end = _find(b"".join(self._last))
        if not start and not end:
            return None
        return Usage(max(one.input for one in (*start[:1], *end[-1:])), (end or start)[-1].output)


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
