"""The `usage` object of every dialect, and what it comes to.

OpenAI counts what was cached, heard or thought among its tokens and says in `*_details` how much that was; Anthropic
counts cached input apart. litellm writes OpenAI's form for all others, with Anthropic's names beside. A detail that
cannot be is cut down to what can: none is negative, and no part more than its whole.
Source: the API references of OpenAI (chat, completions, embeddings, responses), Anthropic (messages) and DeepSeek;
litellm 1.106.2, `types.utils.Usage`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from routeiq.config.price import SERVICE_TIERS
from routeiq.gateway.plan import Usage

MOST_TOKENS = 2**27
"""Of one answer: ten times the longest that any model takes, and what 2048 inputs of an embedding come to."""
_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
"""An upstream may say any number. One that no answer can have, or no float, must not reach what adds and divides."""


class Written(msgspec.Struct, gc=False):
    """How long what was written to the cache is kept."""

    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _Cached(msgspec.Struct, gc=False):
    audio_tokens: int | None = None
    image_tokens: int | None = None


class Details(msgspec.Struct, gc=False):
    """Of the input, or of the output."""

    cached_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    image_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_creation_tokens: int | None = None
    cache_creation_token_details: Written | None = None
    cached_tokens_details: _Cached | None = None


class Totals(msgspec.Struct, gc=False):
    """`prompt_tokens` and `completion_tokens`, or `input_tokens` and `output_tokens`."""

    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    input_tokens: _Count | None = None
    output_tokens: _Count | None = None
    cache_creation_input_tokens: _Count | None = None
    cache_read_input_tokens: _Count | None = None

    @property
    def said(self) -> bool:
        """Whether there is a count at all. A usage object without one reports nothing."""
        return not (
            self.prompt_tokens is self.completion_tokens is self.input_tokens is self.output_tokens is None
            and self.cache_creation_input_tokens is self.cache_read_input_tokens is None
        )

    @property
    def input(self) -> int:
        """Anthropic does not count cached tokens among its input tokens; OpenAI does."""
        if self.prompt_tokens is not None or self.input_tokens is None:
            return self.prompt_tokens or 0
        return self.input_tokens + (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)

    @property
    def output(self) -> int:
        return (self.completion_tokens if self.output_tokens is None else self.output_tokens) or 0

    def usage(self) -> Usage:
        return Usage(self.input, self.output)


class Counts(Totals, gc=False):
    """With what the tokens were."""

    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None
    input_tokens_details: Details | None = None
    output_tokens_details: Details | None = None
    total_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek's."""
    cache_creation: Written | None = None
    service_tier: str | None = None
    """Anthropic's; OpenAI says it beside `usage`."""

    def usage(self) -> Usage:
        if self.prompt_tokens is not None and self.completion_tokens is not None:
            found = Usage(self.prompt_tokens, self.completion_tokens)
            sent, made = self.prompt_tokens_details, self.completion_tokens_details
        else:
            found = Usage(self.input, self.output)
            sent = self.prompt_tokens_details or self.input_tokens_details
            made = self.completion_tokens_details or self.output_tokens_details
        if sent is not None:
            if sent.cached_tokens or sent.audio_tokens or sent.image_tokens or self._may_be_cached(sent):
                self._fill_input(found, sent)
        elif self._may_be_cached(_NONE):
            self._fill_input(found, _NONE)
        if made is not None and (made.reasoning_tokens or made.audio_tokens or made.image_tokens):
            self._fill_output(found, made)
        if self.service_tier is not None:
            found.service_tier = SERVICE_TIERS.get(self.service_tier, "")
        return found

    def _may_be_cached(self, sent: Details) -> object:
        """Something, if so."""
        return (
            self.cache_read_input_tokens
            or self.cache_creation_input_tokens
            or self.prompt_cache_hit_tokens
            or self.cache_creation
            or sent.cache_write_tokens
            or sent.cache_creation_tokens
            or sent.cache_creation_token_details
        )

    def _fill_input(self, found: Usage, sent: Details) -> None:
        left = found.input_tokens
        read = sent.cached_tokens or self.cache_read_input_tokens or self.prompt_cache_hit_tokens
        if read:
            found.cache_read = read = _within(read, left)
            left -= read
        kept = sent.cache_creation_token_details or self.cache_creation
        written = sent.cache_write_tokens or sent.cache_creation_tokens or self.cache_creation_input_tokens
        if kept is not None and not written:
            written = (kept.ephemeral_5m_input_tokens or 0) + (kept.ephemeral_1h_input_tokens or 0)
        if written:
            found.cache_write = written = _within(written, left)
            left -= written
            found.cache_write_1h = _within(kept.ephemeral_1h_input_tokens, written) if kept is not None else 0
        if sent.audio_tokens or sent.image_tokens:
            again = sent.cached_tokens_details or _CACHED_NONE
            found.audio_input = _within(_fresh(sent.audio_tokens, again.audio_tokens), left)
            found.image_input = _within(_fresh(sent.image_tokens, again.image_tokens), left - found.audio_input)

    def _fill_output(self, found: Usage, made: Details) -> None:
        thought, left = made.reasoning_tokens, found.output_tokens
        if thought:
            if self._thought_apart(thought):
                found.output_tokens = left = left + thought
            found.reasoning = thought = _within(thought, left)
            left -= thought
        if made.audio_tokens or made.image_tokens:
            found.audio_output = _within(made.audio_tokens, left)
            found.image_output = _within(made.image_tokens, left - found.audio_output)

    def _thought_apart(self, thought: int) -> bool:
        """xAI counts reasoning in the total alone."""
        total = self.total_tokens
        return total is not None and thought > 0 and total == self.input + self.output + thought <= 2 * MOST_TOKENS


_NONE = Details()
_CACHED_NONE = _Cached()


def _within(count: int | None, whole: int) -> int:
    if not count or count < 0:
        return 0
    return count if count < whole else whole


def _fresh(count: int | None, cached: int | None) -> int:
    return (count or 0) - max(cached or 0, 0)
