"""When to stop asking a pod that does not answer, and how to find out that it answers again.

Fail-open by decision: while a breaker is open its pod is not asked by requests, which take their fallback at once;
copies of requests, one at a time and for which nobody waits, find out when it is back."""

from __future__ import annotations

from collections.abc import Callable

FAILURES = 5
WITHIN_S = 10.0
PROBE_EVERY_S = 0.5


class Breaker:
    """Opens after `FAILURES` failures in a row within `WITHIN_S`; closes with the first success. For one event loop.

    `clock` gives seconds; `changed` is called after each change of `open`."""

    __slots__ = ("_changed", "_clock", "_failures", "_first_at", "_probe_at", "_probing", "open")

    def __init__(self, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self._clock, self._changed = clock, changed
        self._failures = 0
        self._first_at = self._probe_at = 0.0
        self._probing = False
        self.open = False

    def succeeded(self) -> None:
        """An answer, however late."""
        self._failures = 0
        if self.open:
            self.open = False
            self._changed()

    def failed(self) -> None:
        """No answer in time, or none at all."""
        now = self._clock()
        if self.open:
            return
        if not self._failures or now - self._first_at > WITHIN_S:
            self._failures, self._first_at = 0, now
        self._failures += 1
        if self._failures >= FAILURES:
            self.open, self._probe_at = True, now + PROBE_EVERY_S
            self._changed()

    def take_probe(self) -> bool:
        """Whether the caller is to probe now. It then ends the probe with `probed`."""
        if not self.open or self._probing or self._clock() < self._probe_at:
            return False
        self._probing = True
        return True

    def probed(self) -> None:
        """The probe has ended, whatever it found: `succeeded` says that."""
        self._probing, self._probe_at = False, self._clock() + PROBE_EVERY_S
