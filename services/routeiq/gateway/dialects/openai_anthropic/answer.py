"""An answer of Anthropic's `POST /v1/messages` as an OpenAI chat completion.

Text blocks are joined; thinking becomes `reasoning_content`; blocks that OpenAI has no place for are left out.
Cached prompt tokens, which Anthropic counts apart, are part of `prompt_tokens`.
"""

from __future__ import annotations

import msgspec

from routeiq.gateway.dialects.openai_answer import (
    CacheCreationDetails,
    CalledFunction,
    Choice,
    Completion,
    Message,
    PromptDetails,
    ToolCall,
    Usage,
    usage,
)

_FINISH = {
    "end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length",
    "model_context_window_exceeded": "length", "tool_use": "tool_calls", "refusal": "content_filter",
}  # fmt: skip
_EMPTY_INPUT = msgspec.Raw(b"{}")


class _Kept(msgspec.Struct):
    """What of the tokens written to the cache is kept for an hour; the rest is for five minutes."""

    ephemeral_1h_input_tokens: int | None = None


class AnthropicUsage(msgspec.Struct):
    """`input_tokens` does not count what was read from or written to the cache.

    In a stream later figures replace earlier ones.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _Kept | None = None

    def openai(self) -> Usage:
        """The same in OpenAI's terms."""
        read, written = self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0
        prompt = (self.input_tokens or 0) + read + written
        if not (read or written):
            return usage(prompt, self.output_tokens or 0)
        details = PromptDetails(read, written)
        if self.cache_creation is not None and (long := self.cache_creation.ephemeral_1h_input_tokens):
            details.cache_creation_token_details = CacheCreationDetails(max(written - long, 0), long)
        return usage(prompt, self.output_tokens or 0, details)

    def update(self, later: AnthropicUsage) -> None:
        """Take over the figures that `later` has."""
        for name in self.__struct_fields__:
            value = getattr(later, name)
            if value is not None:
                setattr(self, name, value)


class AnswerBlock(msgspec.Struct):
    """A content block of any type; which fields count depends on `type`."""

    type: str
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = _EMPTY_INPUT


class AnthropicMessage(msgspec.Struct):
    id: str
    model: str
    content: list[AnswerBlock]
    usage: AnthropicUsage
    stop_reason: str | None = None


def openai_completion(body: bytes, created: int) -> bytes:
    """Args: created: UNIX seconds. Raises: msgspec.DecodeError: not an Anthropic message."""
    answer = msgspec.json.decode(body, type=AnthropicMessage)
    message = Message(_text(answer))
    thinking = "".join(block.thinking for block in answer.content)
    if thinking:
        message.reasoning_content = thinking
    calls = [_call(block) for block in answer.content if block.type == "tool_use"]
    if calls:
        message.tool_calls = calls
    choice = Choice(0, message, finish_reason(answer.stop_reason))
    return msgspec.json.encode(Completion(answer.id, created, answer.model, (choice,), answer.usage.openai()))


def finish_reason(stop_reason: str | None) -> str:
    """OpenAI's word for Anthropic's; an unknown one is `stop`."""
    return _FINISH.get(stop_reason or "", "stop")


def _text(answer: AnthropicMessage) -> str | None:
    """None where there is no text: OpenAI's `content` is null beside tool calls."""
    return "".join(block.text for block in answer.content if block.type == "text") or None


def _call(block: AnswerBlock) -> ToolCall:
    return ToolCall(id=block.id, type="function", function=CalledFunction(block.name, bytes(block.input).decode()))
