"""A simulated answer in the shape of its endpoint: chat or text, whole or event by event."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_answer import Choice, ChunkWriter, Completion, Delta, Message, Usage, usage
from routeiq.gateway.dialects.openai_text import TextChoice, TextCompletion, TextWriter
from routeiq.gateway.upstream.simulated_plan import SimulatedAnswer


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer says, and what stands in its head."""

    answer: SimulatedAnswer
    request_id: str
    created: int
    deployment: Deployment


class Rendering(ABC):
    """The events of a stream in their order, or the whole."""

    def __init__(self, answered: Answered) -> None:
        self.answer = answered.answer
        self.group = answered.deployment.group

    @property
    def counts(self) -> Usage:
        """Tokens: the prompt's by a plain estimate, the answer's a word each."""
        return usage(self.answer.prompt_tokens, sum(map(len, self.answer.tokens)))

    def words(self, number: int) -> bytes:
        """The number-th word of every choice that has one."""
        spoken = [(index, words[number]) for index, words in enumerate(self.answer.tokens) if number < len(words)]
        return b"".join(self.word(index, word) for index, word in spoken)

    @abstractmethod
    def opening(self) -> bytes: ...

    @abstractmethod
    def word(self, index: int, word: str) -> bytes: ...

    @abstractmethod
    def closing(self) -> bytes: ...

    @abstractmethod
    def usage(self) -> bytes: ...

    @abstractmethod
    def whole(self) -> bytes: ...


class ChatRendering(Rendering):
    """`/chat/completions`."""

    def __init__(self, answered: Answered) -> None:
        super().__init__(answered)
        self._head = (f"chatcmpl-sim-{answered.request_id}", answered.created, answered.deployment.model)
        self._writer = ChunkWriter(*self._head)

    def opening(self) -> bytes:
        delta = Delta(role="assistant", content="")
        return b"".join(self._writer.delta(delta, index=index) for index in range(len(self.answer.tokens)))

    def word(self, index: int, word: str) -> bytes:
        return self._writer.delta(Delta(content=word), index=index)

    def closing(self) -> bytes:
        reason = self.answer.finish_reason
        events = (
            self._writer.delta(Delta(), index=index, finish_reason=reason) for index in range(len(self.answer.tokens))
        )
        return b"".join(events)

    def usage(self) -> bytes:
        return self._writer.usage(self.counts)

    def whole(self) -> bytes:
        reason = self.answer.finish_reason
        choices = [Choice(index, Message("".join(words)), reason) for index, words in enumerate(self.answer.tokens)]
        return msgspec.json.encode(Completion(*self._head, choices, self.counts))


class TextRendering(Rendering):
    """`/completions`."""

    def __init__(self, answered: Answered) -> None:
        super().__init__(answered)
        self._head = (f"cmpl-sim-{answered.request_id}", answered.created, answered.deployment.model)
        self._writer = TextWriter(*self._head)

    def opening(self) -> bytes:
        return b""

    def word(self, index: int, word: str) -> bytes:
        return self._writer.text(word, index=index)

    def closing(self) -> bytes:
        reason = self.answer.finish_reason
        return b"".join(
            self._writer.text("", index=index, finish_reason=reason) for index in range(len(self.answer.tokens))
        )

    def usage(self) -> bytes:
        return self._writer.usage(self.counts)

    def whole(self) -> bytes:
        reason = self.answer.finish_reason
        choices = [TextChoice(index, "".join(words), reason) for index, words in enumerate(self.answer.tokens)]
        return msgspec.json.encode(TextCompletion(*self._head, choices, usage=self.counts))
