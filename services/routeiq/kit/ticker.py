"""Coarse timers for what mostly does not happen: time-outs and watches that are cancelled long before they are due.

One real timer serves them all, so that setting and cancelling one costs a set entry. They go off up to TICK_S late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

TICK_S = 0.025


class Alarm:
    """One of them. `cancel` is idempotent."""

    __slots__ = ("_callback", "_kept_by", "when")

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._kept_by: set[Alarm] = set()
        self.when = 0.0

    def ring(self) -> None:
        """Its time has come."""
        self._callback()

    def cancel(self) -> None:
        self._kept_by.discard(self)


class Ticker:
    """Of one event loop: the one that runs when it is first used."""

    __slots__ = ("_alarms", "_loop", "_ticking")

    def __init__(self) -> None:
        self._alarms: set[Alarm] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticking = False

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Kept, because asking for the running one is a system call on Python 3.11."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def task(self) -> asyncio.Task[Any]:
        """The running one."""
        task = asyncio.current_task(self._loop or self.loop)
        assert task is not None, "called outside a task"
        return task

    def later(self, delay_s: float, callback: Callable[[], None]) -> Alarm:
        """Call `callback` once `delay_s` has passed, unless the alarm is cancelled."""
        alarm = Alarm(callback)
        self.set(alarm, delay_s)
        return alarm

    def set(self, alarm: Alarm, delay_s: float) -> None:
        """Let it ring once `delay_s` has passed."""
        loop = self._loop or self.loop
        alarm.when = loop.time() + delay_s
        alarm._kept_by = self._alarms
        self._alarms.add(alarm)
        if not self._ticking:
            self._ticking = True
            loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        loop = self.loop
        now = loop.time()
        try:
            for alarm in [one for one in self._alarms if one.when <= now]:
                if alarm in self._alarms:  # no other has cancelled it meanwhile
                    self._alarms.discard(alarm)
                    alarm.ring()
        finally:  # one that fails is the loop's to report; the others ring at the next tick
            self._ticking = bool(self._alarms)
            if self._ticking:
                loop.call_later(TICK_S, self._tick)


class Within(Alarm):
    """Cancels the body of its `with` after some seconds. Raises TimeoutError in that case."""

    __slots__ = ("_expired", "_seconds", "_task", "_ticker")

    def __init__(self, ticker: Ticker, seconds: float) -> None:
        self._ticker = ticker
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        self._task = self._ticker.task()
        self._ticker.set(self, self._seconds)

    def ring(self) -> None:
        self._expired = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._kept_by.discard(self)
        if self._expired and self._task.uncancel() <= 0 and kind is asyncio.CancelledError:
            raise TimeoutError from None
