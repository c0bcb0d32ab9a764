"""What the gateway changes in an answer of a dialect: the model's name, and a usage event that nobody asked for.

Everything else stays byte for byte. A caller who asked for an alias finds that alias in the answer, as with LiteLLM.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from routeiq.gateway.plan import Endpoint
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.sse import SSEReader

REDACTED = b"[redacted]"
FRAME_LIMIT_BYTES = 32 * 1024 * 1024
"""Images travel in frames, too."""
_OUTER: Mapping[Endpoint, str] = {Endpoint.RESPONSES: "response", Endpoint.MESSAGES: "message"}
"""Where the model's name stands in an event: in this object, else at the top."""
_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_DATA = re.compile(rb"^data:[ ]?", re.MULTILINE)


class _UsageEvent(msgspec.Struct):
    choices: list[msgspec.Raw]
    usage: msgspec.Raw = msgspec.Raw(b"null")


Object = dict[str, msgspec.Raw]
_object = msgspec.json.Decoder(Object)
_usage_event = msgspec.json.Decoder(_UsageEvent)


def renamed(body: bytes, model: str) -> bytes:
    """A whole answer with another `model`; as it is where it has none, or is no JSON object."""
    try:
        answer = _object.decode(body)
    except UNREADABLE:
        return body
    if "model" not in answer:
        return body
    return msgspec.json.encode({**answer, "model": model})


class StreamEdits:
    """Edits an SSE stream, whatever its chunks. With nothing to change, chunks go through untouched.

    Args: model: the name to show; None: the upstream's.  hide_usage: drop the event that only reports usage.
    secret: the upstream's credential, cut out where the upstream says it, however it is cut.
    """

    __slots__ = ("_held", "_hide_usage", "_model", "_outer", "_reader", "_secret", "endpoint")

    def __init__(self, endpoint: Endpoint, *, model: str | None, hide_usage: bool, secret: bytes = b"") -> None:
        self._secret = secret
        self._held = b""
        """The end of what came, where it may be the beginning of the secret."""
        self.endpoint = endpoint
        self._outer = _OUTER.get(endpoint)
        self._model = None if model is None else msgspec.json.encode(model)
        self._hide_usage = hide_usage
        self._reader: SSEReader | None = None

    def feed(self, chunk: bytes) -> bytes:
        """What may go out now: whole frames. Raises: SSEFrameTooLarge."""
        if self._secret:
            if self._held or not chunk.endswith(b"\n"):
                chunk = self._hold(self._held + chunk)
            if self._secret in chunk:
                chunk = chunk.replace(self._secret, REDACTED)
        if self._model is None:
            if not self._hide_usage:
                return chunk
            if self._reader is None and chunk.endswith(b"\n\n"):
                if chunk.count(b'"usage"') == chunk.count(b'"usage":null') or not _NO_CHOICES.search(chunk):
                    return chunk
                return b"".join(self._kept(chunk))
        if self._reader is None:
            self._reader = SSEReader(FRAME_LIMIT_BYTES)
        frames = self._reader.frames(chunk)
        if not self._reader.holds:
            self._reader = None
        return b"".join([edited for frame in frames if (edited := self._edit(frame))])

    def rest(self) -> bytes:
        """At the end of input: a last frame that lacks its blank line."""
        reader, self._reader = self._reader, None
        held, self._held = self._held, b""
        return self._edit(reader.rest + held) if reader is not None else held

    def _hold(self, chunk: bytes) -> bytes:
        """Without the longest end that is a beginning of the secret."""
        chunk = chunk.replace(self._secret, REDACTED)
        most = min(len(chunk), len(self._secret) - 1)
        length = next((n for n in range(most, 0, -1) if chunk.endswith(self._secret[:n])), 0)
        self._held = chunk[len(chunk) - length :]
        return chunk[: len(chunk) - length]

    def _kept(self, frames: bytes) -> list[bytes]:
        return [edited for frame in SSEReader(FRAME_LIMIT_BYTES).frames(frames) if (edited := self._edit(frame))]

    def _edit(self, frame: bytes) -> bytes:
        if self._hide_usage and _reports_usage_alone(frame):
            return b""
        return frame if self._model is None else self._renamed(frame, self._model)

    def _renamed(self, frame: bytes, model: bytes) -> bytes:
        found = _MODEL.findall(frame)
        if not found:
            return frame
        start = _DATA.search(frame)
        try:
            event = _object.decode(frame[start.end() :]) if start else {}
        except UNREADABLE:
            return frame
        if not self._has_model(event):
            return frame
        if len(found) == 1:
            at = _MODEL.search(frame)
            assert at is not None
            return frame[: at.start(1)] + model + frame[at.end(1) :]
        assert start is not None
        return frame[: start.end()] + self._reencoded(event, model) + b"\n\n"

    def _has_model(self, event: Object) -> bool:
        outer = event.get(self._outer) if self._outer else None
        return "model" in (_inner(outer) if outer is not None else event)

    def _reencoded(self, event: Object, model: bytes) -> bytes:
        """For an event with the name in several places: exact but for white space between its own fields."""
        outer = event.get(self._outer) if self._outer else None
        if self._outer is None or outer is None:
            return msgspec.json.encode({**event, "model": msgspec.Raw(model)})
        inner = {**_inner(outer), "model": msgspec.Raw(model)}
        return msgspec.json.encode({**event, self._outer: inner})


def _inner(value: msgspec.Raw) -> Object:
    try:
        return _object.decode(value)
    except UNREADABLE:
        return {}


def _reports_usage_alone(frame: bytes) -> bool:
    """Whether this is the event that `stream_options.include_usage` adds: usage, and no choices."""
    start = _DATA.search(frame)
    if start is None or not _NO_CHOICES.search(frame):
        return False
    try:
        event = _usage_event.decode(frame[start.end() :])
    except UNREADABLE:
        return False
    return not event.choices and bytes(event.usage) != b"null"
