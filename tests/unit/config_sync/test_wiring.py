"""What config-sync opened is closed, in the order in which nothing is used after it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from routeiq.config_sync.wiring import ConfigSync, Job
from routeiq.kit.bus import Bus


async def test_all_is_closed_the_last_first_though_one_fails() -> None:
    closed: list[str] = []

    def closing(name: str) -> Job:
        async def close() -> None:
            closed.append(name)
            if name == "source":
                raise OSError("the socket is gone")

        return close

    sync = ConfigSync(FastAPI(), Bus(""), [closing("bus"), closing("source"), closing("requests")], ())
    with pytest.raises(OSError, match="gone"):
        async with sync.running():
            pass
    assert closed == ["requests", "source", "bus"]
