"""Anthropic's event stream as OpenAI's chunks, event by event.

Order: a chunk with the role, deltas, a chunk with the finish reason, the usage chunk if it was asked for,
`[DONE]`. Tool calls are numbered from 0 in the order in which their blocks begin. Events and blocks that
OpenAI has no place for (pings, signatures, citations, server tools) are left out.
"""

from __future__ import annotations

import msgspec

from routeiq.gateway.dialects.openai_answer import CalledFunction, ChunkWriter, Delta, ToolCall
from routeiq.gateway.dialects.openai_anthropic.answer import AnswerBlock, AnthropicUsage, finish_reason
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.sse import DONE, SSEEvent


class StreamBroken(Exception):
    """The stream holds no whole answer. `reason`: Anthropic's error type and text, or what is wrong with the stream."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Started(msgspec.Struct):
    id: str
    model: str
    usage: AnthropicUsage


class _Delta(msgspec.Struct):
    """Of a block or, with `stop_reason`, of the message."""

    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Error(msgspec.Struct):
    type: str = "error"
    message: str = ""


class _Event(msgspec.Struct):
    """Any event; which fields are there depends on `type`."""

    type: str
    index: int = 0
    message: _Started | None = None
    content_block: AnswerBlock | None = None
    delta: _Delta | None = None
    usage: AnthropicUsage | None = None
    error: _Error | None = None


_decoder = msgspec.json.Decoder(_Event)


class _OpenCall:
    """A tool call whose arguments are still coming."""

    __slots__ = ("has_arguments", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.has_arguments = False


class OpenAIStream:
    """The state of one translated stream. `done` turns true with the message's last event."""

    def __init__(self, created: int, *, include_usage: bool) -> None:
        self._created = created
        self._include_usage = include_usage
        self._writer: ChunkWriter | None = None
        self._usage = AnthropicUsage()
        self._calls: dict[int, _OpenCall] = {}
        self._finish: str | None = None
        self.done = False

    def translate(self, event: SSEEvent) -> bytes:
        """The frames that `event` becomes, or nothing. Raises StreamBroken."""
        try:
            parsed = _decoder.decode(event.data)
        except UNREADABLE:
            raise StreamBroken("an event is not Anthropic's JSON") from None
        if parsed.type == "error":
            error = parsed.error or _Error()
            raise StreamBroken(f"{error.type}: {error.message}")
        if parsed.type == "message_start":
            return self._start(parsed)
        if self._writer is None:
            return b""
        return self._continue(parsed, self._writer)

    def _start(self, event: _Event) -> bytes:
        if event.message is None:
            raise StreamBroken("its first event has no message")
        self._writer = ChunkWriter(event.message.id, self._created, event.message.model)
        self._usage.update(event.message.usage)
        return self._writer.delta(Delta(role="assistant", content=""))

    def _continue(self, event: _Event, writer: ChunkWriter) -> bytes:
        match event.type:
            case "content_block_start":
                return self._open_block(event, writer)
            case "content_block_delta":
                return self._block_delta(event, writer)
            case "content_block_stop":
                return self._close_block(event, writer)
            case "message_delta":
                return self._message_delta(event, writer)
            case "message_stop":
                return self._stop(writer)
        return b""

    def _open_block(self, event: _Event, writer: ChunkWriter) -> bytes:
        block = event.content_block
        if block is None or block.type != "tool_use":
            return b"" if block is None or not block.text else writer.delta(Delta(content=block.text))
        call = self._calls[event.index] = _OpenCall(len(self._calls))
        function = CalledFunction(block.name, "")
        return writer.delta(Delta(tool_calls=[ToolCall(call.number, block.id, "function", function)]))

    def _block_delta(self, event: _Event, writer: ChunkWriter) -> bytes:
        delta = event.delta or _Delta()
        if delta.text:
            return writer.delta(Delta(content=delta.text))
        if delta.thinking:
            return writer.delta(Delta(reasoning_content=delta.thinking))
        call = self._calls.get(event.index)
        if not delta.partial_json or call is None:
            return b""
        call.has_arguments = True
        return _arguments(writer, call, delta.partial_json)

    def _close_block(self, event: _Event, writer: ChunkWriter) -> bytes:
        """A call without arguments gets `{}`, as in a unary answer: clients parse what they joined."""
        call = self._calls.get(event.index)
        return b"" if call is None or call.has_arguments else _arguments(writer, call, "{}")

    def _message_delta(self, event: _Event, writer: ChunkWriter) -> bytes:
        if event.usage is not None:
            self._usage.update(event.usage)
        if event.delta is None or event.delta.stop_reason is None or self._finish is not None:
            return b""
        self._finish = finish_reason(event.delta.stop_reason)
        return writer.delta(Delta(), finish_reason=self._finish)

    def _stop(self, writer: ChunkWriter) -> bytes:
        self.done = True
        finish = b"" if self._finish is not None else writer.delta(Delta(), finish_reason="stop")
        counts = writer.usage(self._usage.openai()) if self._include_usage else b""
        return finish + counts + DONE


def _arguments(writer: ChunkWriter, call: _OpenCall, text: str) -> bytes:
    return writer.delta(Delta(tool_calls=[ToolCall(call.number, function=CalledFunction(arguments=text))]))
