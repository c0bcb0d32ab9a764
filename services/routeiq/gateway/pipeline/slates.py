"""Who may serve a routed request, in the form that the routing service takes: made once for a configuration and the
candidates that are left, not for each request."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.config.state import Group, State
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.eligible import (
    BYTES_PER_TOKEN,
    NOT_SPOKEN,
    Choice,
    Filtered,
    NotSpoken,
    choices_of,
    eligible,
)
from routeiq.gateway.pipeline.prompt import PromptView
from routeiq.gateway.upstream.spoken import speaks
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.lru import LRU

SLATES = 256
POOLS = 1024
_PoolKey = tuple[str | None, str | None, frozenset[str] | None]
"""A group's name, of which alias it is, and to which of its candidates a caller is confined. Callers have aliases of
their own, so a name alone says little."""


class NoEligibleModel(InvalidRequest):
    code = "no_eligible_model"


@dataclass(frozen=True, slots=True)
class Slate:
    """Never empty. `digest` changes with anything in `candidates`. `left_out`: (name, reason)."""

    choices: tuple[Choice, ...]
    left_out: tuple[tuple[str, str], ...]
    candidates: pb.CandidateSet
    digest: bytes
    by_name: Mapping[str, Choice]


@dataclass(slots=True)
class _Pool:
    """A group's candidates, and what tells whether `eligible` could leave any out: for most requests it could not, and
    they share `whole`."""

    every: Filtered
    picky: bool
    shortest: float
    spoken: frozenset[Endpoint]
    whole: Slate | None = None

    @classmethod
    def of(cls, choices: tuple[Choice, ...]) -> _Pool:
        firsts = [choice.first for choice in choices]
        limits = [d.max_input_tokens for d in firsts if d.max_input_tokens is not None]
        picky = any(d.supports_tools is False or d.supports_vision is False for d in firsts)
        spoken = frozenset(endpoint for endpoint in Endpoint if all(speaks(d.provider, endpoint) for d in firsts))
        return cls(Filtered(choices, ()), picky, min(limits, default=math.inf), spoken)

    def serves(self, view: PromptView) -> bool:
        """True: all of them can. False: `eligible` has to say."""
        long = view.input_bytes > self.shortest * BYTES_PER_TOKEN
        return view.endpoint in self.spoken and not long and not (self.picky and (view.has_tools or view.has_images))


class Slates:
    """Of one state at a time: with another one all are made anew. For one event loop."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._pools: LRU[_PoolKey, _Pool] = LRU(POOLS)
        self._slates: LRU[tuple[_PoolKey, tuple[tuple[str, str], ...]], Slate] = LRU(SLATES)

    def of(self, state: State, group: Group | None, view: PromptView, permitted: frozenset[str] | None = None) -> Slate:
        """The candidates of a routed group, or of `auto` for None, that can serve `view`. Raises: NoEligibleModel.

        Args: permitted: those that the caller may call; None: all."""
        if state is not self._state:
            self._state, self._pools, self._slates = state, LRU(POOLS), LRU(SLATES)
        name = (None, None, permitted) if group is None else (group.name, group.deployments[0].entry, permitted)
        pool = self._pools.get(name)
        if pool is None:
            choices = choices_of(state, group)
            pool = _Pool.of(choices if permitted is None else tuple(one for one in choices if one.name in permitted))
            self._pools.put(name, pool)
        if not pool.serves(view):
            return self._left(name, eligible(pool.every.choices, view), view.endpoint)
        if pool.whole is None:
            pool.whole = self._left(name, pool.every, view.endpoint)
        return pool.whole

    def _left(self, name: _PoolKey, filtered: Filtered, endpoint: Endpoint) -> Slate:
        slate = self._slates.get((name, filtered.left_out))
        if slate is None:
            slate = _slate(filtered, endpoint)
            self._slates.put((name, filtered.left_out), slate)
        return slate


def _slate(filtered: Filtered, endpoint: Endpoint) -> Slate:
    if not filtered.choices:
        if endpoint.native and all(reason == NOT_SPOKEN for _, reason in filtered.left_out):
            raise NotSpoken(f"No model of this group is available on `/{endpoint.value}` yet.")
        reasons = ", ".join(f"{name}: {reason}" for name, reason in filtered.left_out)
        raise NoEligibleModel(f"No model can serve this request ({reasons}).", param="model")
    candidates = pb.CandidateSet(candidates=map(candidate_of, filtered.choices))
    wire = candidates.SerializeToString(deterministic=True)
    digest = hashlib.blake2b(wire, digest_size=16).digest()
    by_name = MappingProxyType({choice.name: choice for choice in filtered.choices})
    return Slate(filtered.choices, filtered.left_out, candidates, digest, by_name)


def candidate_of(choice: Choice) -> pb.Candidate:
    """As the routing service knows it. Its prices are USD per million tokens, a state's are per token."""
    d = choice.first
    return pb.Candidate(
        name=choice.name,
        like=d.like or "",
        quality_offset=d.quality_offset,
        input_price=None if d.input_price is None else d.input_price * 1e6,
        output_price=None if d.output_price is None else d.output_price * 1e6,
    )
