"""What prompts that came before look like to routing, found by their bytes, so that none is decoded twice.

Of a prompt only a hash and its sizes are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.prompt import PromptView, has_tools, max_output_tokens, view_prompt
from routeiq.kit.lru import LRU

LONGEST = 32_768
"""Bytes. Longer messages, mostly whole conversations, seldom come twice, and hashing them costs as much as decoding."""

Key = tuple[bytes, bool, bool, int]


class SeenPrompts:
    """At most `size` of them. For one event loop."""

    def __init__(self, size: int) -> None:
        self._views: LRU[Key, PromptView] = LRU(size)

    def __len__(self) -> int:
        return len(self._views)

    def view(self, body: Mapping[str, msgspec.Raw], endpoint: Endpoint) -> PromptView:
        """What `view_prompt` gives, without `text` if the prompt is an old one. Raises: InvalidRequest."""
        chat = endpoint is Endpoint.CHAT
        raw = body.get("messages") if chat or endpoint is Endpoint.MESSAGES else None
        if raw is None or memoryview(raw).nbytes > LONGEST:
            return view_prompt(body, endpoint)
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        key = (digest, chat, has_tools(body), max_output_tokens(body))
        view = self._views.get(key)
        if view is None:
            view = view_prompt(body, endpoint)
            self._views.put(key, view.without_text())
        return view
