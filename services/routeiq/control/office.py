"""Where every management request is done: in one transaction, with its line in the audit log, and said to the gateways.

What a write changed goes out on the bus after the commit, and back in the answer's header, so that the gateway which
asked has forgotten the old before its client reads the new. A bus that is away costs other gateways their caches' TTL,
nobody an error.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.actor import Actor, actor_of
from routeiq.control.publish import Publisher
from routeiq.control.store.audit import add_lines
from routeiq.control.store.tables import Audit
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database
from routeiq.kit.errors import RouteIQError
from routeiq.kit.ids import uuid7

log = structlog.get_logger()

CHANGED = "x-routeiq-internal-changed"
"""Base64 of a `Changed` message. It never leaves the gateway."""


@dataclass(slots=True)
class Write:
    """One write under way."""

    session: AsyncSession
    actor: Actor
    now: datetime
    changed: pb.Changed = field(default_factory=pb.Changed)
    lines: list[Audit] = field(default_factory=list)

    def note(self, action: str, resource_type: str, resource_id: str, **details: object) -> None:
        """A line for the audit log. Args: details: names of fields and counts, never what is in them."""
        self.lines.append(_line(self.actor, self.now, action, resource_type, resource_id, details=details))

    def note_refusal(self, action: str, resource_type: str, resource_id: str, error: RouteIQError) -> None:
        """Of one part of a write whose others are done."""
        self.lines.append(
            _line(self.actor, self.now, action, resource_type, resource_id, outcome=_outcome(error), reason=error.code)
        )


@dataclass(frozen=True, slots=True)
class Read:
    """One read under way."""

    session: AsyncSession
    actor: Actor
    now: datetime


class Office:
    """Opens reads and writes for routes."""

    def __init__(self, database: Database, publisher: Publisher, clock: Clock) -> None:
        self._database, self._publisher, self._clock = database, publisher, clock

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[Read]:
        async with self._database.reading() as session:
            yield Read(session, actor_of(request), self._clock())

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """For the rest of an answer that is too long for one transaction; a `read` has said whose it may be."""
        return self._database.reading()

    @asynccontextmanager
    async def write(self, request: Request, response: Response, action: str) -> AsyncIterator[Write]:
        """Committed at its end; undone by what raises inside, of which the audit log keeps that it was refused.

        Args: action: `key.generate` and the like, for a refusal that never got as far as to name its row."""
        actor, now = actor_of(request), self._clock()
        try:
            async with self._database.transaction() as session:
                work = Write(session, actor, now)
                yield work
                await add_lines(session, work.lines)
        except RouteIQError as error:
            await self._note_refusal(actor, now, action, error)
            raise
        if work.changed.ByteSize():
            await self._publisher.publish(work.changed)
            response.headers[CHANGED] = b64encode(work.changed.SerializeToString()).decode()

    async def _note_refusal(self, actor: Actor, now: datetime, action: str, error: RouteIQError) -> None:
        """In its own transaction, because the write's is undone. What it could not write is in the log."""
        outcome = _outcome(error)
        line = _line(actor, now, action, action.partition(".")[0], "", outcome=outcome, reason=error.code)
        log.info("management.refused", action=action, outcome=outcome, code=error.code, actor=actor.id)
        try:
            async with self._database.transaction() as session:
                await add_lines(session, [line])
        except RouteIQError as away:
            log.warning("audit.lost", action=action, reason=away.code)


def _outcome(error: RouteIQError) -> str:
    return "denied" if error.status in (401, 403) else "error"


def _line(
    actor: Actor,
    now: datetime,
    action: str,
    resource_type: str,
    resource_id: str,
    *,
    outcome: str = "success",
    reason: str = "",
    details: dict[str, object] | None = None,
) -> Audit:
    return Audit(
        id=uuid7(),
        at=now,
        request_id=actor.request_id,
        actor_type=actor.principal.role.value,
        actor_id=actor.id,
        action=action,
        resource_type=resource_type,
        resource_id=resource_id,
        outcome=outcome,
        reason=reason,
        details=dict(details or {}) | {"key": actor.principal.key_id},
    )
