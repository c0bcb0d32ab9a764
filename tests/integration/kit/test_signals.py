"""Who is asked to stop, and how often. Real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.waiting import PATIENCE_S

STOPS = """
import asyncio
from routeiq.kit.signals import stop_event

async def main():
    with stop_event() as stop:
        print("ready", flush=True)
        await stop.wait()
        print("stopping", flush=True)
        await asyncio.to_thread(input)

asyncio.run(main())
"""


@contextmanager
def started(hangup: str = "SIG_DFL") -> Iterator[subprocess.Popen[str]]:
    """Args: hangup: what a SIGHUP does to it from its start; these tests may have been started with nohup."""
    code = f"import signal; signal.signal(signal.SIGHUP, signal.{hangup})\n{STOPS}"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            assert said(process) == "ready"
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_asks_for_an_orderly_stop(number: signal.Signals) -> None:
    with started() as process:
        process.send_signal(number)
        assert said(process) == "stopping"
        process.send_signal(signal.SIGHUP)
        process.communicate("\n", timeout=PATIENCE_S)
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_ends_the_process(number: signal.Signals) -> None:
    with started() as process:
        process.send_signal(signal.SIGTERM)
        assert said(process) == "stopping"
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 128 + number


def test_who_was_started_to_outlive_its_terminal_does() -> None:
    with started("SIG_IGN") as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert said(process) == "stopping"
        process.communicate("\n", timeout=PATIENCE_S)
    assert process.returncode == 0
