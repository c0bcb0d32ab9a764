"""Requests that went the same way, added up: what is said of all of them is made once.

Counts wait in their kind until the end of a batch. What a line says of its own request is put behind what its kind
says; ids are of `kit.ids`, and need no escapes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from routeiq.gateway.pipeline.context import Context, Purpose
from routeiq.gateway.plan import Outcome, Plan
from routeiq.kit.metrics import Labels, Spread
from routeiq.kit.stamps import Stamps

Way = tuple[str, int, str, str | None, str, str, int, bool, str]
"""Endpoint, status, group, entry, strategy, fallback, attempts, stream, error."""
Ended = tuple[object, str, str, tuple[int, int] | None, int, float, int, Purpose | None]
"""A request that is over: its way, its id, its key's, the tokens sent and made, bytes, seconds, when it ended in ns,
and what else was said of it."""
GENERATE: Final = "generate"
"""The endpoint of requests of the LLM Gateway API, in metrics and lines."""
MOST_KINDS: Final = 1024
"""There are as many as ways to be served, and callers choose the names behind wildcards."""
MOST_KEYS: Final = 4096


def ended(context: Context, plan: Plan, outcome: Outcome) -> Ended:
    """Of a request that had a plan, whatever became of it."""
    seconds, deployment = time.monotonic() - context.started, outcome.deployment or plan.deployments[0]
    decision, usage, purpose = plan.decision, outcome.usage, context.purpose
    way = (
        plan.endpoint if purpose is None else GENERATE, outcome.status, deployment.group, deployment.entry,
        decision.strategy, decision.fallback or outcome.fallback, len(outcome.attempts), plan.stream, outcome.error,
    )  # fmt: skip
    return (
        way, plan.request_id, context.caller.principal.key_id,
        None if usage is None else (usage.input_tokens, usage.output_tokens),
        outcome.streamed_bytes, seconds, time.time_ns(), purpose,
    )  # fmt: skip


class Kind:
    """`line`: what each of its lines begins with."""

    __slots__ = (
        "by_status", "decision", "input", "line", "made", "output", "reported", "requests", "sent", "spread",
    )  # fmt: skip

    def __init__(self, line: str, model: str, by_status: Labels, decision: Labels, spread: Spread) -> None:
        self.line, self.by_status, self.decision, self.spread = line, by_status, decision, spread
        self.sent: Labels = (model, "input")
        self.made: Labels = (model, "output")
        self.requests = 0
        """Not counted yet, as are the next three."""
        self.reported = 0
        """Those whose tokens are known."""
        self.input = 0
        self.output = 0

    def fold(
        self,
        requests: defaultdict[Labels, float],
        decisions: defaultdict[Labels, float],
        tokens: defaultdict[Labels, float],
    ) -> None:
        """Count them."""
        requests[self.by_status] += self.requests
        decisions[self.decision] += self.requests
        if self.reported:
            tokens[self.sent] += self.input
            tokens[self.made] += self.output
        self.requests = self.reported = self.input = self.output = 0


class Kinds:
    """All of them. `make` makes one; `text` writes a text as JSON."""

    __slots__ = ("_keys", "_kinds", "_make", "_stamps", "_text")

    def __init__(self, make: Callable[[Way], Kind], text: Callable[[str], str]) -> None:
        self._make, self._text = make, text
        self._kinds: dict[object, Kind] = {}
        self._keys: dict[str, str] = {}
        """How keys' ids begin, in JSON."""
        self._stamps = Stamps()

    def add(self, batch: list[Ended]) -> tuple[list[Kind], list[str]]:
        """Returns: the kinds that have something to count, and a line for each request."""
        met: list[Kind] = []
        lines: list[str] = []
        for way, request_id, key_id, tokens, sent, seconds, ended_ns, purpose in batch:
            kind = self._kinds.get(way) or self._kind(way)
            if not kind.requests:
                met.append(kind)
            kind.requests += 1
            kind.spread.add(seconds)
            if tokens is not None:
                kind.reported += 1
                kind.input += tokens[0]
                kind.output += tokens[1]
            key = self._keys.get(key_id) or self._key(key_id)
            tenths = int(seconds * 10_000 + 0.5)  # of a millisecond
            said = "" if purpose is None else self._said(purpose)
            lines.append(
                f'{kind.line},"request_id":"{request_id}","key_id":{key},"bytes":{sent}'
                f',"ms":{tenths // 10}.{tenths % 10},"timestamp":"{self._stamps.write(ended_ns)}"{said}}}'
            )
        return met, lines

    def _kind(self, way: object) -> Kind:
        if len(self._kinds) >= MOST_KINDS:
            self._kinds.clear()
        self._kinds[way] = kind = self._make(way)  # type: ignore[arg-type]  # a tuple that is a key stays one object
        return kind

    def _key(self, key_id: str) -> str:
        if len(self._keys) >= MOST_KEYS:
            self._keys.clear()
        self._keys[key_id] = text = self._text(key_id[:12])
        return text

    def _said(self, purpose: Purpose) -> str:
        return f',"service_name":{self._text(purpose.service)},"task_type":{self._text(purpose.task_type)}'
