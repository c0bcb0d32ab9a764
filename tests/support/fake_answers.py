"""What the fake provider says, in OpenAI's and in Anthropic's words. `fake_provider.py` decides how it is sent."""

from __future__ import annotations

import json

from aiohttp import web

JSON = dict[str, object]
WORDS = ("The", " fake", " provider", " says", " hello", ".")
USAGE: JSON = {"prompt_tokens": 11, "completion_tokens": len(WORDS), "total_tokens": 11 + len(WORDS)}


class Call:
    """One request and how to answer it."""

    def __init__(self, request: web.Request, body: JSON) -> None:
        self.request = request
        self.body = body
        self.model = str(body.get("model", "fake"))
        chosen = request.headers.get("x-fake-behaviour") or self.model.rpartition("--")[2]
        self.behaviour = chosen.rpartition("/")[2]

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True

    @property
    def words(self) -> tuple[str, ...]:
        """What it says."""
        messages = self.body.get("messages")
        return (str(messages[-1]["content"]),) if self.is_("echo") and isinstance(messages, list) else WORDS

    def is_(self, *names: str) -> bool:
        return self.behaviour in names


def completion(call: Call) -> JSON:
    """A chat completion."""
    message: JSON = {"role": "assistant", "content": "".join(call.words), "refusal": None}
    reason = "stop"
    if call.is_("tool"):
        function = {"name": "get_weather", "arguments": '{"city":"Oslo"}'}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
        reason = "tool_calls"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 1,
        "model": call.model,
        "choices": [choice],
        "usage": USAGE,
    }


def openai_events(call: Call) -> list[bytes]:
    """The frames of a chat stream."""
    if call.is_("tool"):
        first: JSON = {
            "index": 0,
            "id": "call_1",
            "type": "function",
            "function": {"name": "get_weather", "arguments": ""},
        }
        pieces = [{"index": 0, "function": {"arguments": text}} for text in ('{"city":', '"Oslo"}')]
        deltas: list[JSON] = [{"tool_calls": [piece]} for piece in (first, *pieces)]
    else:
        deltas = [{"content": word} for word in call.words]
    reason = "tool_calls" if call.is_("tool") else "stop"
    frames = [openai_chunk(call, {"role": "assistant", "content": ""})]
    frames += [openai_chunk(call, delta) for delta in deltas]
    if call.is_("error-event"):
        return [
            *frames[:2],
            frame({"error": {"message": "The server had an error.", "type": "server_error", "code": None}}),
        ]
    frames.append(openai_chunk(call, {}, reason))
    options = call.body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        frames.append(frame({**chunk_head(call), "choices": [], "usage": USAGE}))
    return [*frames, b"data: [DONE]\n\n"]


def openai_chunk(call: Call, delta: JSON, reason: str | None = None) -> bytes:
    return frame(
        {**chunk_head(call), "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}
    )


def chunk_head(call: Call) -> JSON:
    return {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": call.model}


def anthropic_message(call: Call) -> JSON:
    """A message."""
    blocks: list[JSON] = [{"type": "text", "text": "".join(WORDS)}]
    if call.is_("tool"):
        blocks.append({"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}})
    reason = "tool_use" if call.is_("tool") else "end_turn"
    usage = {
        "input_tokens": 11,
        "output_tokens": len(WORDS),
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 2,
    }
    return {**message_head(call), "content": blocks, "stop_reason": reason, "stop_sequence": None, "usage": usage}


def message_head(call: Call) -> JSON:
    return {"id": "msg_fake", "type": "message", "role": "assistant", "model": call.model}


def anthropic_events(call: Call) -> list[bytes]:
    """The frames of a message stream."""
    usage = {"input_tokens": 11, "output_tokens": 1, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2}
    start = {**message_head(call), "content": [], "stop_reason": None, "usage": usage}
    events: list[JSON] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS),
        {"type": "content_block_stop", "index": 0},
    ]
    if call.is_("error-event"):
        error = {"type": "overloaded_error", "message": "Overloaded"}
        return [named(event) for event in [*events[:4], {"type": "error", "error": error}]]
    if call.is_("tool"):
        events += anthropic_tool_events()
    reason = "tool_use" if call.is_("tool") else "end_turn"
    events.append(
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": len(WORDS)},
        }
    )
    events.append({"type": "message_stop"})
    return [named(event) for event in events]


def anthropic_tool_events() -> list[JSON]:
    """A second block that calls a tool."""
    block = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
    return [
        {"type": "content_block_start", "index": 1, "content_block": block},
        *(
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": text}}
            for text in ("", '{"city":', ' "Oslo"}')
        ),
        {"type": "content_block_stop", "index": 1},
    ]


def frame(data: JSON) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def named(event: JSON) -> bytes:
    return b"event: " + str(event["type"]).encode() + b"\n" + frame(event)


def text_completion(call: Call) -> JSON:
    """A text completion."""
    choice = {"index": 0, "text": "".join(WORDS), "logprobs": None, "finish_reason": "stop"}
    return {**text_head(call), "choices": [choice], "usage": USAGE}


def text_head(call: Call) -> JSON:
    return {"id": "cmpl-fake", "object": "text_completion", "created": 1, "model": call.model}


def text_events(call: Call) -> list[bytes]:
    """The frames of a text completion."""
    choices = [{"index": 0, "text": word, "logprobs": None, "finish_reason": None} for word in WORDS]
    frames = [frame({**text_head(call), "choices": [choice]}) for choice in choices]
    options = call.body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        frames.append(frame({**text_head(call), "choices": [], "usage": USAGE}))
    return [*frames, b"data: [DONE]\n\n"]


def response(call: Call) -> JSON:
    """An answer of `/responses`."""
    part = {"type": "output_text", "text": "".join(WORDS), "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    usage = {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": len(WORDS),
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 11 + len(WORDS),
    }
    return {**response_head(call), "status": "completed", "output": [message], "usage": usage}


def response_head(call: Call) -> JSON:
    return {
        "id": "resp_fake",
        "object": "response",
        "created_at": 1,
        "model": call.model,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {"model": "of the caller"},
    }


def response_events(call: Call) -> list[bytes]:
    """The frames of a stream of `/responses`."""
    created = {**response_head(call), "status": "in_progress", "output": [], "usage": None}
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    events: list[JSON] = [
        {"type": "response.created", "response": created},
        *({"type": "response.output_text.delta", **where, "delta": word} for word in WORDS),
        {"type": "response.completed", "response": response(call)},
    ]
    return [named({**event, "sequence_number": number}) for number, event in enumerate(events)]
