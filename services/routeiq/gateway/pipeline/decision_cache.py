"""Decisions that were made before: the same question to the same artifact has the same answer.

Of a prompt only a hash is kept. Answers that were not learned are never kept. An entry ends with its time, or when the
service answers with another artifact; a change of the configuration that could change a decision changes its key."""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Callable

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.gateway.pipeline.prompt import PromptView
from routeiq.gateway.pipeline.slates import Slate
from routeiq.kit.lru import LRU

SIZE = 4096
TTL_S = 300.0
"""Bounds how long an old artifact's decisions live where nothing but hits comes."""

_facts = struct.Struct("<d??B")


def decision_key(text: str, view: PromptView, slate: Slate, weight: float) -> bytes:
    """Of everything that a decision depends on. The output limit counts by its power of two.

    Args: text: from `trim_middle`: of a long prompt both ends are all that routing reads."""
    facts = _facts.pack(weight, view.has_tools, view.has_images, view.max_output_tokens.bit_length())
    system = view.system_sha256.ljust(32, b"\0")
    return hashlib.blake2b(b"".join((slate.digest, facts, system, text.encode())), digest_size=16).digest()


class DecisionCache:
    """For one event loop. Answers are kept as bytes: a message would keep its whole batch alive.

    Args: size: 0 keeps nothing.  clock: seconds."""

    def __init__(self, size: int = SIZE, ttl_s: float = TTL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: LRU[bytes, tuple[float, str, bytes]] = LRU(size)
        self._ttl_s, self._clock = ttl_s, clock
        self._artifact_id = ""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> pb.RouteResponse | None:
        found = self._entries.get(key)
        if found is None:
            return None
        expires_at, artifact_id, wire = found
        if artifact_id != self._artifact_id or self._clock() >= expires_at:
            self._entries.drop(key)
            return None
        return pb.RouteResponse.FromString(wire)

    def put(self, key: bytes, response: pb.RouteResponse) -> None:
        """Keep a learned decision; learn of any which artifact is in force."""
        if response.artifact_id:
            self._artifact_id = response.artifact_id
        if response.fallback == pb.FALLBACK_UNSPECIFIED:
            wire = response.SerializeToString()
            self._entries.put(key, (self._clock() + self._ttl_s, response.artifact_id, wire))
