"""SIGINT and SIGTERM: the first asks for an orderly stop, the second ends the process. A terminal that goes, too, asks
for one (SIGHUP), unless the process was started to outlive it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routeiq.kit.service import Runner

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_event() -> Iterator[asyncio.Event]:
    """Set by the first signal. Use it in the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set() and number != signal.SIGHUP:  # which a shell may repeat
            os._exit(128 + number)
        stop.set()

    heard = [number for number in STOPPING if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    for number in heard:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


async def run_until_stopped(service: Runner) -> None:
    """Serve until a signal comes, then let what runs finish. Raises what the service raises."""
    with stop_event() as stop:
        serving = asyncio.create_task(service.serve())
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        service.stop()
        await serving
