"""What the gateway changes in an answer of a dialect: the model's name, and a usage event that nobody asked for.

Everything else stays byte for byte. A caller who asked for an alias finds that alias in the answer, as with LiteLLM.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from routeiq.gateway.endpoint import Endpoint
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.redaction import Hiding
from routeiq.kit.sse import SSEReader, parse_event

FRAME_LIMIT_BYTES = 32 * 1024 * 1024
"""Images travel in frames, too."""
_OUTER: Mapping[Endpoint, str] = {Endpoint.RESPONSES: "response", Endpoint.MESSAGES: "message"}
"""Where the model's name stands in an event: in this object, else at the top."""
_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')
_NO_CHOICES = re.compile(rb'"choices"(?:\s|data:)*:(?:\s|data:)*\[(?:\s|data:)*\]')
_BOM = b"\xef\xbb\xbf"
_DATA = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])data:[ ]?")


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
    secrets: the upstream's credentials, cut out where the upstream says one, however it is cut.
    """

    __slots__ = ("_hide_usage", "_hiding", "_model", "_outer", "_reader", "endpoint")

    def __init__(
        self, endpoint: Endpoint, *, model: str | None, hide_usage: bool, secrets: tuple[bytes, ...] = ()
    ) -> None:
        self._hiding = Hiding(secrets) if secrets else None
        self.endpoint = endpoint
        self._outer = _OUTER.get(endpoint)
        self._model = None if model is None else msgspec.json.encode(model)
        self._hide_usage = hide_usage
        self._reader: SSEReader | None = None

    def feed(self, chunk: bytes) -> bytes:
        """What may go out now: whole frames. Raises: SSEFrameTooLarge."""
        if self._hiding is not None:
            chunk = self._hiding.feed(chunk)
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
        held = self._hiding.rest() if self._hiding is not None else b""
        return self._edit(reader.rest + held) if reader is not None else held

    def _kept(self, frames: bytes) -> list[bytes]:
        return [edited for frame in SSEReader(FRAME_LIMIT_BYTES).frames(frames) if (edited := self._edit(frame))]

    def _edit(self, frame: bytes) -> bytes:
        if self._hide_usage and _reports_usage_alone(frame):
            return b""
        return frame if self._model is None else self._renamed(frame, self._model)

    def _renamed(self, frame: bytes, model: bytes) -> bytes:
        if b'"model"' not in frame:
            return frame
        start = _DATA.search(frame)
        if start is None:
            return frame
        try:
            event = _object.decode(frame[start.end() :])
        except UNREADABLE:
            return self._renamed_lines(frame, model)
        if not self._has_model(event):
            return frame
        found = list(_MODEL.finditer(frame))
        if len(found) == 1:
            return frame[: found[0].start(1)] + model + frame[found[0].end(1) :]
        return frame[: start.end()] + self._reencoded(event, model) + b"\n\n"

    def _renamed_lines(self, frame: bytes, model: bytes) -> bytes:
        """Of a frame whose data is on several lines, or not on its last one: it gets one, in front of its other fields.
        As it is where that holds no name."""
        try:
            event = _object.decode(_data_of(frame))
        except UNREADABLE:
            return frame
        if not self._has_model(event):
            return frame
        others = [line for line in frame.removeprefix(_BOM).splitlines() if line and line.partition(b":")[0] != b"data"]
        return b"\n".join([b"data: " + self._reencoded(event, model), *others]) + b"\n\n"

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


def _data_of(frame: bytes) -> bytes:
    """All of its lines; empty where it has none."""
    event = parse_event(frame.removeprefix(_BOM))
    return event.data if event is not None else b""


def _reports_usage_alone(frame: bytes) -> bool:
    """Whether this is the event that `stream_options.include_usage` adds: usage, and no choices."""
    if not _NO_CHOICES.search(frame):
        return False
    try:
        event = _usage_event.decode(_data_of(frame))
    except UNREADABLE:
        return False
    return not event.choices and bytes(event.usage) != b"null"
