"""Readiness: what must have served once before traffic may come, and how it is doing now.

A dependency that is away after that makes a service `degraded`, not unready (architecture, section 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger()

Check = Callable[[], Awaitable[bool]]
STARTING_INTERVAL_S = 0.05
STEADY_INTERVAL_S = 5.0


@dataclass(slots=True)
class Readiness:
    """Runs the checks in the background and remembers the last answers. `draining` makes it unready for good."""

    service: str
    checks: Mapping[str, Check] = field(default_factory=dict)
    serving: bool = False
    draining: bool = False
    _seen: set[str] = field(default_factory=set)
    _now: dict[str, bool] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """True once this service serves and every dependency has answered at least once."""
        return self.serving and not self.draining and self._seen >= self.checks.keys()

    @property
    def status(self) -> str:
        if not self.ready:
            return "draining" if self.draining else "starting"
        return "ready" if all(self._now.get(name, False) for name in self.checks) else "degraded"

    def report(self) -> dict[str, object]:
        """The body of `/_health/ready`."""
        checks = {name: "ok" if self._now.get(name) else "unavailable" for name in self.checks}
        return {
            "status": self.status,
            "service": self.service,
            "is_degraded": self.status == "degraded",
            "checks": checks,
        }

    async def watch(self) -> None:
        """Check for ever: quickly while starting, then every few seconds. Ends when cancelled."""
        while True:
            for name, check in self.checks.items():
                self._note(name, await _passes(name, check))
            await asyncio.sleep(STEADY_INTERVAL_S if self._seen >= self.checks.keys() else STARTING_INTERVAL_S)

    def _note(self, name: str, good: bool) -> None:
        if good:
            self._seen.add(name)
        if name in self._now and self._now[name] != good and name in self._seen:
            log.info("dependency.changed", dependency=name, available=good)
        self._now[name] = good


async def _passes(name: str, check: Check) -> bool:
    """One that raises has found nothing good, and must not be the last one."""
    try:
        return await check()
    except Exception:  # whatever it is, the next check is made
        log.exception("dependency.check_failed", dependency=name)
        return False
