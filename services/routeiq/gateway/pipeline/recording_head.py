"""What a record says from its beginning: who asks, for whom, and what was chosen.

It is encoded as `records.Head` is, without one of those for each request; what is the same in most requests of a caller
is kept encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.journal.records import encode
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.customer import HEADERS, LONGEST, SERVICE_HEADER
from routeiq.gateway.plan import Plan

GENERATE: Final = "generate"
"""The endpoint of requests of the LLM Gateway API."""
MOST_TAGS: Final = 32
LONGEST_TAG: Final = 128
LONGEST_NAME: Final = 1024
_CUSTOMER_HEADERS: Final = HEADERS
_SERVICE_HEADER: Final = SERVICE_HEADER
_TAGS_HEADER: Final = b"x-litellm-tags"
_HEAD: Final = b"\xdc\0\x16"
"""An array of 22, of which eight are encoded already: an encoder takes those for one, and the array for one of 15."""
MOST_KEPT: Final = 10_000
_string: Final = msgspec.json.Decoder(str).decode


class _Parties:
    """From the state's version to the tags, as it is encoded, of requests that name nobody else than their caller."""

    __slots__ = ("encoded", "version")

    def __init__(self, version: str, encoded: msgspec.Raw) -> None:
        self.version, self.encoded = version, encoded


class Heads:
    """Of one recorder."""

    def __init__(self) -> None:
        self._usual: dict[Caller, _Parties] = {}

    def of(self, identifier: str, started_at: int, estimate: int, context: Context, plan: Plan) -> bytes:
        """As `encode(Head(...))`."""
        decision = plan.decision
        endpoint: str = plan.endpoint if context.purpose is None else GENERATE
        values = (
            identifier, plan.request_id, started_at, endpoint, context.call.model[:LONGEST_NAME], plan.stream, estimate,
            self._parties(context, plan.state_version), decision.decision_id, decision.strategy,
            decision.reason[:LONGEST_NAME], decision.confidence, decision.artifact_id, decision.fallback,
            decision.cached,
        )  # fmt: skip
        return _HEAD + encode(values)[1:]

    def _parties(self, context: Context, version: str) -> msgspec.Raw:
        caller, purpose, headers = context.caller, context.purpose, context.headers
        if purpose is not None:
            tags = _tags(caller, headers) if caller.tags or _TAGS_HEADER in headers else ()
            return _parties_of(caller, version, purpose.user_id, purpose.service, purpose.task_type, tags)
        customer = _customer(context.call.body, headers)
        if not customer and _SERVICE_HEADER not in headers and _TAGS_HEADER not in headers:
            return self._of(caller, version)
        service = caller.principal.key_alias
        if _SERVICE_HEADER in headers:
            service = headers[_SERVICE_HEADER].decode("latin-1")[:LONGEST]
        return _parties_of(caller, version, customer, service, "", _tags(caller, headers))

    def _of(self, caller: Caller, version: str) -> msgspec.Raw:
        usual = self._usual.get(caller)
        if usual is None or usual.version != version:
            if len(self._usual) >= MOST_KEPT:
                self._usual.clear()
            tags = _tags(caller, {}) if caller.tags else ()
            usual = _Parties(version, _parties_of(caller, version, "", caller.principal.key_alias, "", tags))
            self._usual[caller] = usual
        return usual.encoded


def _parties_of(
    caller: Caller, version: str, customer: str, service: str, task: str, tags: tuple[str, ...]
) -> msgspec.Raw:
    """Eight values, without what says that they are eight."""
    principal = caller.principal
    fields = (version, principal.key_id, principal.user_id, principal.team_id, customer, service, task, tags)
    return msgspec.Raw(encode(fields)[1:])


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
