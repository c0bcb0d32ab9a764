"""What a record says from its beginning: who asks, for whom, and what was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.journal.records import Head
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
_string: Final = msgspec.json.Decoder(str).decode


def head_of(identifier: str, started_at: int, estimate: int, context: Context, plan: Plan) -> Head:
    caller, purpose, headers, call = context.caller, context.purpose, context.headers, context.call
    principal, decision = caller.principal, plan.decision
    if purpose is None:
        endpoint: str = plan.endpoint
        customer, service, task = _customer(call.body, headers), principal.key_alias, ""
        if _SERVICE_HEADER in headers:
            service = headers[_SERVICE_HEADER].decode("latin-1")[:LONGEST]
    else:
        endpoint, customer, service, task = GENERATE, purpose.user_id, purpose.service, purpose.task_type
    tags = _tags(caller, headers) if caller.tags or _TAGS_HEADER in headers else ()
    return Head(
        identifier, plan.request_id, started_at, endpoint, call.model[:LONGEST_NAME], plan.stream, estimate,
        plan.state_version, principal.key_id, principal.user_id, principal.team_id, customer, service, task,
        tags, decision.decision_id, decision.strategy, decision.reason[:LONGEST_NAME],
        decision.confidence, decision.artifact_id, decision.fallback, decision.cached,
    )  # fmt: skip


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
