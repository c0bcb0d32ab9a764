"""OpenAI's text completions, for whoever has to produce them: the same object whole and in pieces.

Source: platform.openai.com, API reference, "The completion object".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from routeiq.gateway.dialects.openai_answer import Usage
from routeiq.kit.sse import encode_event


class TextChoice(msgspec.Struct):
    index: int
    text: str
    finish_reason: str | None = None
    logprobs: None = None


class TextCompletion(msgspec.Struct):
    id: str
    created: int
    model: str
    choices: Sequence[TextChoice]
    object: str = "text_completion"
    usage: Usage | msgspec.UnsetType = msgspec.UNSET


class TextWriter:
    """Writes the SSE frames of one stream: the same id, time and model in each."""

    __slots__ = ("_created", "_id", "_model")

    def __init__(self, completion_id: str, created: int, model: str) -> None:
        self._id = completion_id
        self._created = created
        self._model = model

    def text(self, text: str, *, index: int = 0, finish_reason: str | None = None) -> bytes:
        return self._frame([TextChoice(index, text, finish_reason)])

    def usage(self, counts: Usage) -> bytes:
        """The last event where `stream_options.include_usage` asks for it: no choices."""
        return self._frame([], counts)

    def _frame(self, choices: Sequence[TextChoice], counts: Usage | msgspec.UnsetType = msgspec.UNSET) -> bytes:
        return encode_event(
            msgspec.json.encode(TextCompletion(self._id, self._created, self._model, choices, usage=counts))
        )
