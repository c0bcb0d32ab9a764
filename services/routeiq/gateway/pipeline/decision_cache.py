"""Decisions that were made before: the same question to the same artifact has the same answer.

Of a prompt only a hash is kept. Answers that were not learned are never kept. An entry ends with its time, or when the
service answers with another artifact; a change of the configuration that could change a decision changes its key.

While the routing services go from one artifact to another, some answer with the one and some with the other. Where it
is known which the fleet wants (`expect`), the first answer that names it ends the other's decisions for good."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.config.state import State
from routeiq.gateway.pipeline.answers import Answer
from routeiq.gateway.pipeline.slates import Slate
from routeiq.kit.lru import LRU

SIZE = 4096
TTL_S = 300.0
"""Bounds how long an old artifact's decisions live where nothing but hits comes."""
STRANGERS = 100
"""So many answers in a row with another artifact than the wanted one are believed: what is wanted was not heard of."""

_weight = struct.Struct("<d").pack


def decision_key(asks: bytes, slate: Slate, weight: float) -> bytes:
    """Of everything that a decision depends on. Args: asks: the prompt's own part, from `PromptView`."""
    return slate.digest + _weight(weight) + asks


class Kept:
    """A decision in the cache."""

    __slots__ = ("_answer", "artifact_id", "expires_at", "response")

    def __init__(self, response: pb.RouteResponse, expires_at: float) -> None:
        self.response, self.expires_at = response, expires_at
        self.artifact_id: str = response.artifact_id
        self._answer: Answer | None = None

    def answer(self, state: State, slate: Slate) -> Answer:
        """What it comes to among the candidates of `slate`, which `state` made."""
        answer = self._answer
        if answer is None or answer.slate is not slate:
            answer = self._answer = Answer(state, slate, self.response, cached=True)
        return answer


class DecisionCache:
    """For one event loop. Responses are copied: a message keeps its whole batch alive.

    Args: size: 0 keeps nothing.  clock: seconds."""

    def __init__(self, size: int = SIZE, ttl_s: float = TTL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.size = size
        self._entries: LRU[bytes, Kept] = LRU(size)
        self._ttl_s, self._clock = ttl_s, clock
        self._artifact_id = ""
        self._wanted = ""
        self._strangers = 0

    @property
    def awaits(self) -> bool:
        """Whether no answer has named the wanted artifact yet."""
        return self._wanted not in ("", self._artifact_id)

    def expect(self, artifact_id: str) -> None:
        """The fleet is to decide by `artifact_id`, from now or soon; empty: nobody says by which, and if somebody did,
        what was decided by that one is not given any more."""
        if self._wanted and not artifact_id:
            self._artifact_id = ""
        self._wanted, self._strangers = artifact_id, 0

    def ask_again(self) -> None:
        """Forget what was used last: whoever asks it next hears by which artifact the fleet decides."""
        self._entries.drop_newest()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Kept | None:
        found = self._entries.get(key)
        if found is None:
            return None
        if found.artifact_id != self._artifact_id or self._clock() >= found.expires_at:
            self._entries.drop(key)
            return None
        return found

    def put(self, key: bytes, response: pb.RouteResponse) -> None:
        """Keep a learned decision, unless it is of an artifact that is no longer wanted; learn of any which artifact is
        in force."""
        if response.artifact_id and not self._follows(response.artifact_id):
            return
        if response.fallback == pb.FALLBACK_UNSPECIFIED:
            copy = pb.RouteResponse.FromString(response.SerializeToString())
            self._entries.put(key, Kept(copy, self._clock() + self._ttl_s))

    def _follows(self, artifact_id: str) -> bool:
        """Whether `artifact_id` is in force, now that a service has answered with it."""
        if not self._wanted or artifact_id == self._wanted or self._artifact_id != self._wanted:
            self._strangers = 0
        else:  # a service that lags
            self._strangers += 1
            if self._strangers < STRANGERS:
                return False
        self._artifact_id = artifact_id
        return True
