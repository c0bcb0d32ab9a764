"""How a gateway ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest

from tests.support.gateway import make_gateway
from tests.support.twins import TwinProvider, TwinRouting, decision, deployment, state

IN_ORDER = ["providers", "callers", "overrides", "control_probe", "batches", "routing", "telemetry", "link", "control"]
"""Control's client last: what follows it (`link`) asks until it ends."""


class Part:
    """It can be closed, or cannot."""

    def __init__(self, name: str, closed: list[str], failing: str) -> None:
        self._name, self._closed, self._fails = name, closed, name == failing

    def start(self) -> None:
        """As the callers have it."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self.shutdown()

    async def close(self) -> None:
        self.shutdown()

    def shutdown(self) -> None:
        self._closed.append(self._name)
        if self._fails:
            raise OSError(self._name)


@pytest.mark.parametrize("failing", ["none", *IN_ORDER])
async def test_every_part_is_closed_in_order_whichever_fails(failing: str) -> None:
    closed: list[str] = []
    parts: dict[str, Any] = {name: Part(name, closed, failing) for name in IN_ORDER}
    gateway = replace(make_gateway(state(deployment()), TwinProvider(), TwinRouting(decision())), **parts)
    with pytest.raises(OSError, match=failing) if failing != "none" else nullcontext():
        async with gateway.running():
            assert gateway.readiness.serving
    assert closed == IN_ORDER
