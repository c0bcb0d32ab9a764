"""How the fleet stands, for any replica of config-sync that is asked: the leader's record and facts, and who lives."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from routeiq.clients.fleet_names import STATUS
from routeiq.config_sync import facts as said
from routeiq.config_sync.facts import Facts
from routeiq.config_sync.leader import Leadership
from routeiq.config_sync.record import Record
from routeiq.config_sync.rollouts import Rollouts, WhoLives
from routeiq.config_sync.roster import Roster
from routeiq.config_sync.status import Leading, Rules, View
from routeiq.kit.bus_keys import Entry
from routeiq.kit.errors import Unavailable

log = structlog.get_logger()

SAY_EVERY_S = 5.0
AWAY = "NATS cannot be reached: nothing rolls out, and this is as last known. What serves goes on."


class Values(Protocol):
    async def get(self, key: str) -> Entry | None: ...

    async def put(self, key: str, value: bytes) -> int: ...


class FleetView:
    """Args: own: the facts of this replica, which count while it leads.  skipped: how many polls it left to the
    leader."""

    def __init__(
        self,
        values: Values,
        rollouts: Rollouts,
        replicas: WhoLives,
        leadership: Leadership,
        rules: Rules,
        own: Callable[[], Facts],
        skipped: Callable[[], int],
    ) -> None:
        self._values, self._rollouts, self._replicas = values, rollouts, replicas
        self._leadership, self._rules, self._own, self._skipped = leadership, rules, own, skipped
        self._known: tuple[Record, Roster, Facts] = Record(), (), own()
        self._said, self._said_at = b"", float("-inf")

    @property
    def record(self) -> Record:
        """As this replica has seen it last."""
        return self._known[0]

    async def view(self) -> View:
        """Now; without NATS as last known."""
        try:
            self._known = await self._rollouts.record(), await self._replicas(), await self._leaders_facts()
            bus = True
        except Unavailable:
            bus = False
        record, roster, facts = self._known
        if self._leadership.leading or not bus:
            facts = self._own()
        return View(self._rules, self._leading(), facts, record, roster, bus, "" if bus else AWAY)

    async def publish(self) -> None:
        """What the leader knows, for the others: when it has changed, and now and then."""
        facts, now = self._own(), time.monotonic()
        raw = said.pack(facts)
        if raw != self._said or now - self._said_at > SAY_EVERY_S:
            await self._values.put(STATUS, raw)
            self._said, self._said_at = raw, now

    async def _leaders_facts(self) -> Facts:
        entry = await self._values.get(STATUS)
        if entry is None:
            return self._own()
        try:
            return said.unpack(entry.value)
        except msgspec.MsgspecError:
            log.warning("status.unreadable")
            return self._own()

    def _leading(self) -> Leading:
        left = self._leadership.expires_in_s
        until = None if left is None else time.time() + left
        return Leading(self._leadership.leading, self._leadership.holder, until, self._skipped())
