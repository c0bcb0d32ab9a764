"""Token counts in the answers of each dialect, read from raw bytes.

A whole answer is decoded, as far as its `usage`. Of a stream only the ends are kept: OpenAI's dialects report in one of
the last events, Anthropic's in the first and the last. Quotes inside JSON strings are escaped, so an object after a
plain `"usage":` is a real one.
Source: the API references of OpenAI (chat, completions, embeddings, responses) and Anthropic (messages).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

import msgspec

from routeiq.gateway.plan import Endpoint, Usage
from routeiq.kit.json_errors import UNREADABLE

_OBJECT = re.compile(rb'"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})')
_KEPT_BYTES = 16 * 1024
"""Of each end of a stream, in whole chunks. What may follow the counts is 16 pieces of metadata at most."""
_HELD_BYTES = 3 * _KEPT_BYTES // 2
"""Before the middle is forgotten, so that it is not done for every chunk."""


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
    """Sees every chunk of a stream, however it is cut, and keeps its ends. `add` costs no copy."""

    __slots__ = ("_both_ends", "_first", "_last", "_last_bytes")

    def __init__(self, endpoint: Endpoint) -> None:
        self._both_ends = endpoint is Endpoint.MESSAGES
        self._first: list[bytes] = []
        self._last: list[bytes] = []
        """All of it, until there is too much for the first time."""
        self._last_bytes = 0

    def add(self, chunk: bytes) -> None:
        """The next bytes of the stream."""
        self._last.append(chunk)
        self._last_bytes += len(chunk)
        if self._last_bytes > _HELD_BYTES:
            self._forget()

    def read(self) -> Usage | None:
        """What the stream reported; None: nothing."""
        start = _find(b"".join(self._first or self._last)) if self._both_ends else []
        end = _find(b"".join(self._last))
        if not start and not end:
            return None
        return Usage(max(one.input for one in (*start[:1], *end[-1:])), (end or start)[-1].output)

    def _forget(self) -> None:
        """The middle."""
        last = self._last
        if self._both_ends and not self._first:
            self._first = last[: _reaching(last)]
        kept = _reaching(reversed(last))
        del last[:-kept]
        self._last_bytes = sum(map(len, last))


def _reaching(chunks: Iterable[bytes]) -> int:
    """How many make up the bytes to keep."""
    size = 0
    for number, chunk in enumerate(chunks, 1):
        size += len(chunk)
        if size >= _KEPT_BYTES:
            return number
    raise AssertionError("there are more than are held")


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
