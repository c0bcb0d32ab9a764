"""What a record says from its beginning: who asks, for whom, and what was chosen.

It is encoded at once; what is the same in most requests is kept as it is encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.journal.wire_record import asked, beginning, decided, parties, with_decision
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.customer import HEADERS, LONGEST, SERVICE_HEADER
from routeiq.gateway.plan import Decision, Plan

GENERATE: Final = "generate"
"""The endpoint of requests of the LLM Gateway API."""
MOST_TAGS: Final = 32
LONGEST_TAG: Final = 128
LONGEST_NAME: Final = 1024
_CUSTOMER_HEADERS: Final = HEADERS
_SERVICE_HEADER: Final = SERVICE_HEADER
_TAGS_HEADER: Final = b"x-litellm-tags"
MOST_KEPT: Final = 10_000
_string: Final = msgspec.json.Decoder(str).decode
K = TypeVar("K")
V = TypeVar("V")


class _Usual:
    """What requests say of their caller that name nobody else, as it is encoded."""

    __slots__ = ("encoded", "version")

    def __init__(self, version: str, encoded: bytes) -> None:
        self.version, self.encoded = version, encoded


class Heads:
    """Of one recorder. Args: journal: its id."""

    def __init__(self, journal: str) -> None:
        self._journal = journal
        self._usual: dict[Caller, _Usual] = {}
        self._asked: dict[tuple[str, str, bool], bytes] = {}
        self._why: dict[tuple[str, str], bytes] = {}

    def of(self, identifier: str, started_at: int, context: Context, plan: Plan) -> bytes:
        decision = plan.decision
        return b"".join((
            beginning(identifier.encode(), plan.request_id.encode(), started_at),
            self._parties(context, plan.state_version),
            self._asked_for(context, plan),
            with_decision(decision.decision_id.encode()),
            self._decided(decision),
        ))  # fmt: skip

    def _asked_for(self, context: Context, plan: Plan) -> bytes:
        model = context.call.model[:LONGEST_NAME]
        endpoint: str = plan.endpoint if context.purpose is None else GENERATE
        found = self._asked.get((endpoint, model, plan.stream))
        if found is None:
            found = asked(endpoint, model, plan.stream)
            _keep(self._asked, (endpoint, model, plan.stream), found)
        return found

    def _decided(self, decision: Decision) -> bytes:
        strategy, reason = decision.strategy, decision.reason[:LONGEST_NAME]
        confidence, artifact, fallback = decision.confidence, decision.artifact_id, decision.fallback
        if confidence is not None or artifact or fallback or decision.cached:
            return decided(strategy, reason, confidence, artifact, fallback, decision.cached)
        found = self._why.get((strategy, reason))
        if found is None:
            found = decided(strategy, reason, None, "", "", cached=False)
            _keep(self._why, (strategy, reason), found)
        return found

    def _parties(self, context: Context, version: str) -> bytes:
        caller, purpose, headers = context.caller, context.purpose, context.headers
        if purpose is not None:
            tags = _tags(caller, headers) if caller.tags or _TAGS_HEADER in headers else ()
            return self._said(caller, version, tags, (purpose.user_id, purpose.service, purpose.task_type))
        customer = _customer(context.call.body, headers)
        if not customer and _SERVICE_HEADER not in headers and _TAGS_HEADER not in headers:
            return self._of(caller, version)
        service = caller.principal.key_alias
        if _SERVICE_HEADER in headers:
            service = headers[_SERVICE_HEADER].decode("latin-1")[:LONGEST]
        return self._said(caller, version, _tags(caller, headers), (customer, service, ""))

    def _of(self, caller: Caller, version: str) -> bytes:
        usual = self._usual.get(caller)
        if usual is None or usual.version != version:
            tags = _tags(caller, {}) if caller.tags else ()
            usual = _Usual(version, self._said(caller, version, tags, ("", caller.principal.key_alias, "")))
            _keep(self._usual, caller, usual)
        return usual.encoded

    def _said(self, caller: Caller, version: str, tags: tuple[str, ...], whom: tuple[str, str, str]) -> bytes:
        """Args: whom: as `parties` has it."""
        principal = caller.principal
        who = principal.key_id, principal.user_id, principal.team_id
        return parties(self._journal, version, who, tags, whom, caller.account_id)


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = value


def _customer(body: Mapping[str, msgspec.Raw], headers: Mapping[bytes, bytes]) -> str:
    """Whom an application asks for; empty: it does not say, or in too many words."""
    named = ""
    if "user" in body:
        try:
            named = _string(body["user"])
        except (msgspec.DecodeError, ValueError):
            return ""
    else:
        for name in _CUSTOMER_HEADERS:
            if name in headers:
                named = headers[name].decode("latin-1")
                break
    return named if len(named) <= LONGEST and "\0" not in named else ""


def _tags(caller: Caller, headers: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """The key's, and those that the request names."""
    named = [tag.strip() for tag in headers.get(_TAGS_HEADER, b"").decode("latin-1").split(",")]
    tags = dict.fromkeys(tag[:LONGEST_TAG] for tag in (*caller.tags, *named) if tag and "\0" not in tag)
    return tuple(tags)[:MOST_TAGS]
