"""OpenAI's chat answers: the completion, the chunks of a stream, usage. For whoever has to produce them.

Source: platform.openai.com, API reference, "The chat completion object" and "The chat completion chunk object".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.sse import encode_event


class CalledFunction(msgspec.Struct, omit_defaults=True):
    """`name` stands in the first delta of a call only; `arguments` always."""

    name: str | None = None
    arguments: str | msgspec.UnsetType = msgspec.UNSET


class ToolCall(msgspec.Struct, omit_defaults=True):
    """`index` in chunks only; `id` and `type` not in later deltas of the same call."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: CalledFunction | None = None


class Message(msgspec.Struct):
    content: str | None
    role: str = "assistant"
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET
    """Not OpenAI's; the name that DeepSeek introduced and clients read."""
    tool_calls: list[ToolCall] | msgspec.UnsetType = msgspec.UNSET


class Delta(msgspec.Struct, omit_defaults=True):
    role: str | None = None
    content: str | msgspec.UnsetType = msgspec.UNSET
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None


class Choice(msgspec.Struct):
    index: int
    message: Message
    finish_reason: str
    logprobs: None = None


class ChunkChoice(msgspec.Struct):
    index: int
    delta: Delta
    finish_reason: str | None = None


class CacheCreationDetails(msgspec.Struct):
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class PromptDetails(msgspec.Struct):
    cached_tokens: int = 0
    cache_creation_tokens: int = 0
    """Not OpenAI's: tokens that were written to the prompt cache, which cost more than others."""
    cache_creation_token_details: CacheCreationDetails | msgspec.UnsetType = msgspec.UNSET
    """litellm's: for how long, which makes a price."""


class Usage(msgspec.Struct, omit_defaults=True):
    """`prompt_tokens` counts cached tokens too, as OpenAI does."""

    prompt_tokens: int | msgspec.UnsetType = msgspec.UNSET
    completion_tokens: int | msgspec.UnsetType = msgspec.UNSET
    total_tokens: int | msgspec.UnsetType = msgspec.UNSET
    prompt_tokens_details: PromptDetails | None = None


class Completion(msgspec.Struct):
    id: str
    created: int
    model: str
    choices: Sequence[Choice]
    usage: Usage
    object: str = "chat.completion"


class Chunk(msgspec.Struct):
    id: str
    created: int
    model: str
    choices: Sequence[ChunkChoice]
    object: str = "chat.completion.chunk"
    usage: Usage | msgspec.UnsetType = msgspec.UNSET


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


_encoder = msgspec.json.Encoder()
_stream_options = msgspec.json.Decoder(_StreamOptions | None)


def usage(prompt: int, completion: int, details: PromptDetails | None = None) -> Usage:
    """Usage with its total."""
    return Usage(prompt, completion, prompt + completion, details)


class ChunkWriter:
    """Writes the SSE frames of one stream: the same id, time and model in each."""

    __slots__ = ("_created", "_id", "_model")

    def __init__(self, completion_id: str, created: int, model: str) -> None:
        self._id = completion_id
        self._created = created
        self._model = model

    def delta(self, delta: Delta, *, index: int = 0, finish_reason: str | None = None) -> bytes:
        return self._frame(Chunk(self._id, self._created, self._model, (ChunkChoice(index, delta, finish_reason),)))

    def usage(self, counts: Usage) -> bytes:
        """The last chunk where `stream_options.include_usage` asks for it: no choices."""
        return self._frame(Chunk(self._id, self._created, self._model, (), usage=counts))

    def _frame(self, chunk: Chunk) -> bytes:
        return encode_event(_encoder.encode(chunk))


def wants_usage(body: Mapping[str, msgspec.Raw]) -> bool:
    """Whether a chat request asks for the usage chunk. A malformed `stream_options` asks for nothing."""
    options = body.get("stream_options")
    if options is None:
        return False
    try:
        parsed = _stream_options.decode(options)
    except UNREADABLE:
        return False
    return bool(parsed and parsed.include_usage)
