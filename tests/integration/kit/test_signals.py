"""Who is asked to stop, and how often. Real processes."""

from __future__ import annotations

import signal
import subprocess
import sys

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
UNHEARD = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
"""As nohup starts it."""


def started(code: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert said(process) == "ready"
    return process


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_asks_for_an_orderly_stop(number: signal.Signals) -> None:
    with started(STOPS) as process:
        process.send_signal(number)
        assert said(process) == "stopping"
        process.send_signal(signal.SIGHUP)
        process.communicate("\n", timeout=PATIENCE_S)
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_ends_the_process(number: signal.Signals) -> None:
    with started(STOPS) as process:
        process.send_signal(signal.SIGTERM)
        assert said(process) == "stopping"
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 128 + number


def test_who_was_started_to_outlive_its_terminal_does() -> None:
    with started(UNHEARD + STOPS) as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert said(process) == "stopping"
        process.communicate("\n", timeout=PATIENCE_S)
    assert process.returncode == 0
