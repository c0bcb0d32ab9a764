"""Token counts in the answers of each dialect, read from raw bytes.

One that is nothing but zeros reports nothing. A whole answer is decoded, as far as its `usage`. A stream is read by
lines as it passes, and of a whole line only its counts are kept: OpenAI's dialects report in one of the last events,
Anthropic's in the first and the last. Quotes inside JSON strings are escaped, so an object after a plain `"usage":` is
a real one. What the counts come to, `usage_counts` says.
"""

from __future__ import annotations

import re

import msgspec

from routeiq.config.price import SERVICE_TIERS
from routeiq.gateway.dialects.usage_counts import Counts, Totals
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.plan import Usage
from routeiq.kit.json_errors import UNREADABLE

_NESTED = rb"\{(?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+\}"
"""Details may have details."""
_OBJECT = re.compile(rb'"usage"\s*:\s*(' + _NESTED + rb")")
_NAME, _NOTHING = b'"usage"', b'"usage":null'
"""The latter is in all but one of the events of a stream in OpenAI's dialect."""
_LINE_ENDS = (b"\n", b"\r")
_KEPT_BYTES = 16 * 1024
"""Of a line without an end, in case that the counts are cut. What may follow them is 16 pieces of metadata at most."""
_HELD_BYTES = 3 * _KEPT_BYTES // 2
"""Before its beginning is forgotten, so that it is not done for every chunk."""


class _Answer(msgspec.Struct):
    usage: Counts | None = None
    service_tier: str | None = None


class _PlainAnswer(msgspec.Struct):
    usage: Totals | None = None


class _Event(msgspec.Struct):
    service_tier: str | None = None
    response: _Event | None = None


_TIERS = dict(SERVICE_TIERS)
"""Nearly every answer says one: a view of a dictionary takes four times as long."""
_answer = msgspec.json.Decoder(_Answer)
_plain_answer = msgspec.json.Decoder(_PlainAnswer)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_counts = msgspec.json.Decoder(Counts)
_totals = msgspec.json.Decoder(Totals)
_event = msgspec.json.Decoder(_Event)


class NotAnAnswer(ValueError):
    """The body is not a JSON object."""


def read_usage(body: bytes) -> Usage | None:
    """Tokens of a whole answer; None where the upstream did not report them. Raises: NotAnAnswer."""
    try:
        answer = _answer.decode(body)
    except UNREADABLE:
        return _read_totals(body)
    counts = answer.usage
    if counts is None:
        return None
    usage = counts.usage()
    if not usage.input_tokens and not usage.output_tokens:
        return None
    if answer.service_tier is not None:
        usage.service_tier = _TIERS.get(answer.service_tier, "")
    return usage


def _read_totals(body: bytes) -> Usage | None:
    """Of an answer whose details cannot be read, or whose usage."""
    try:
        counts = _plain_answer.decode(body).usage
    except UNREADABLE:
        _check_object(body)  # one whose `usage` is none is still an answer
        return None
    return counts.usage() if counts and (counts.input or counts.output) else None


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
        self._start: Usage | None = None
        self._end: Usage | None = None
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
        usage = max(start, end, key=_input)
        if end is not usage:
            usage.output_tokens, usage.reasoning = end.output_tokens, end.reasoning
            usage.audio_output, usage.image_output = end.audio_output, end.image_output
        return usage if usage.input_tokens or usage.output_tokens else None

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
        if not self._both_ends:
            found = [usage for usage in found if usage.input_tokens or usage.output_tokens]
        if found:
            self._start, self._end = self._start or found[0], found[-1]


def _find(text: bytes) -> list[Usage]:
    """Every usage object in the text that has a count, in order."""
    found = []
    for match in _OBJECT.finditer(text):
        counts = _read(match[1])
        if counts is not None:
            usage = counts.usage()
            if b'"service_tier"' in text:
                usage.service_tier = usage.service_tier or _tier(text, match)
            found.append(usage)
    return found


def _read(text: bytes) -> Totals | None:
    """None: not counts, or none that is said."""
    try:
        counts: Totals = _counts.decode(text)
    except UNREADABLE:
        try:
            counts = _totals.decode(text)
        except UNREADABLE:
            return None
    return counts if counts.said else None


def _tier(text: bytes, match: re.Match[bytes]) -> str:
    """What the event around a usage object says of itself, if all of it is here. What is nested in it may be anyone's
    word."""
    start, end = text.rfind(b"\n", 0, match.start()) + 1, text.find(b"\n", match.end())
    line = text[start : end if end >= 0 else None]
    try:
        event = _event.decode(line.removeprefix(b"data:"))
    except UNREADABLE:
        return ""
    return SERVICE_TIERS.get(event.service_tier or (event.response and event.response.service_tier) or "", "")


def _input(usage: Usage) -> int:
    return usage.input_tokens
