"""Readiness: what must have served once, and what is away now."""

from __future__ import annotations

import asyncio

from routeiq.kit import health
from routeiq.kit.health import Readiness


class Dependency:
    def __init__(self, good: bool) -> None:
        self.good = good

    async def check(self) -> bool:
        return self.good


async def watched(readiness: Readiness, seconds: float = 0.02) -> None:
    task = asyncio.create_task(readiness.watch())
    await asyncio.sleep(seconds)
    task.cancel()


async def test_not_ready_before_a_dependency_has_served() -> None:
    readiness = Readiness("x", {"routing": Dependency(False).check}, serving=True)
    await watched(readiness)
    assert (readiness.ready, readiness.status) == (False, "starting")
    assert readiness.report()["checks"] == {"routing": "unavailable"}


async def test_ready_when_all_have_served() -> None:
    readiness = Readiness("x", {"routing": Dependency(True).check}, serving=True)
    await watched(readiness)
    assert (readiness.ready, readiness.status) == (True, "ready")


async def test_a_dependency_that_goes_away_degrades() -> None:
    dependency = Dependency(True)
    readiness = Readiness("x", {"routing": dependency.check}, serving=True)
    await watched(readiness)
    dependency.good = False
    await watched(readiness)
    assert (readiness.ready, readiness.status, readiness.report()["is_degraded"]) == (True, "degraded", True)


async def test_a_slow_start_is_polled_quickly() -> None:
    dependency = Dependency(False)
    readiness = Readiness("x", {"routing": dependency.check}, serving=True)
    task = asyncio.create_task(readiness.watch())
    await asyncio.sleep(0.01)
    dependency.good = True
    await asyncio.sleep(3 * health.STARTING_INTERVAL_S)
    task.cancel()
    assert readiness.ready


def test_draining_is_never_ready() -> None:
    readiness = Readiness("x", serving=True, draining=True)
    assert (readiness.ready, readiness.status) == (False, "draining")


async def test_a_check_that_fails_is_a_dependency_that_is_away() -> None:
    class Odd(Dependency):
        async def check(self) -> bool:
            if not self.good:
                raise ValueError("a mistake of ours")
            return True

    odd, good = Odd(False), Dependency(True)
    readiness = Readiness("x", {"odd": odd.check, "good": good.check}, serving=True)
    task = asyncio.create_task(readiness.watch())
    await asyncio.sleep(0.01)
    assert readiness.report()["checks"] == {"odd": "unavailable", "good": "ok"}
    odd.good = True
    await asyncio.sleep(3 * health.STARTING_INTERVAL_S)
    task.cancel()
    assert readiness.ready
