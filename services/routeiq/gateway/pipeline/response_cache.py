"""Answers of the LLM Gateway API that were given before: the same question to the same model has the same answer, at
any temperature (contract, sections 3.13 and 4).

What is kept is the key's, the service's and, unless the service shares its answers, the customer's own. Only hashes of
prompts are kept, beside the answers themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.settings import Settings, split_names
from routeiq.kit.cache import Cache, MemoryCache
from routeiq.kit.json_errors import UNREADABLE

LONGEST_KEPT = 256 * 1024
"""Bytes of an answer that is kept; 8000 tokens are some 32 KiB."""


class KeptAnswer(msgspec.Struct, frozen=True, array_like=True):
    """Tokens are those of the call that it came from."""

    content: str
    input_tokens: int
    output_tokens: int


_encode = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(KeptAnswer).decode


class ResponseCache:
    """Args: ttl_s: 0: nothing is kept.  off: services of which nothing is.  shared: those whose customers share."""

    def __init__(self, store: Cache, ttl_s: float, *, off: Collection[str] = (), shared: Collection[str] = ()) -> None:
        self._store, self._ttl_s = store, ttl_s
        self._off, self._shared = frozenset(off), frozenset(shared)

    def key(self, context: Context, question: bytes, deployment: Deployment) -> bytes | None:
        """Of an answer of `deployment`; None: it is not to be kept.

        Args: question: all that it is asked, in one form."""
        purpose = context.purpose
        if purpose is None or not self._ttl_s or purpose.service in self._off:
            return None
        user = "" if purpose.service in self._shared else purpose.user_id
        asked = (deployment.group, deployment.api_base or "")
        scope = _encode([context.caller.key_id, purpose.service, user, purpose.service in self._shared, *asked])
        return hashlib.sha256(scope + question).digest()

    async def get(self, key: bytes | None) -> KeptAnswer | None:
        kept = await self._store.get(key) if key is not None else None
        try:
            return None if kept is None else _read(kept)
        except UNREADABLE:
            return None

    async def put(self, key: bytes | None, answer: KeptAnswer) -> None:
        if key is not None:
            await self._store.put(key, _encode(answer), self._ttl_s)


def build_response_cache(settings: Settings) -> ResponseCache:
    """As its settings say."""
    return ResponseCache(
        MemoryCache(settings.generate_cache_size, LONGEST_KEPT),
        settings.generate_cache_ttl_s,
        off=split_names(settings.generate_cache_off),
        shared=split_names(settings.generate_cache_shared),
    )
