"""How many requests may wait for the routing service at once: as many as it answers well within their time.

Once answers come late, waiting teaches nobody more: the service decides as many requests a second whether eight or
eight hundred wait. So the limit falls with late answers and rises with timely ones, as a TCP sender's window does
(RFC 5681, section 3.1), and whoever comes above it has a cheap choice at once instead of a late one."""

from __future__ import annotations

LATE = 0.6
"""An answer that took a larger share of its time was late: the limit is to fall before deadlines are missed."""
FALL = 0.7
LEAST = 4
"""So many may always wait: they keep the service at work. Where fewer wait, it is not the queue that makes it late."""


class RoutingLoad:
    """For one event loop. Times are seconds of one clock.

    Args: most: how many may ever wait."""

    __slots__ = ("_fell_at", "_least", "_most", "limit", "waiting")

    def __init__(self, most: int) -> None:
        self._least, self._most = min(LEAST, most), most
        self._fell_at = 0.0
        self.limit = float(most)
        self.waiting = 0

    @property
    def full(self) -> bool:
        """Whether one more would wait in vain."""
        return self.waiting + 1 > self.limit

    def answered(self, asked_at: float, timeout_s: float, now: float) -> None:
        """A learned decision came, for one that still counts as waiting. Where it is the last, nothing queues."""
        if now - asked_at > timeout_s * LATE:
            self.late(asked_at, now)
        else:
            step = 1 / self.limit if self.waiting > 1 else 1.0
            self.limit = min(self.limit + step, self._most)

    def late(self, asked_at: float, now: float) -> None:
        """There was no decision in time, or the service says that it cannot keep up. The limit falls once for all who
        were asked for before it fell."""
        if asked_at >= self._fell_at and self.waiting >= LEAST:
            self.limit = max(min(self.limit, self.waiting) * FALL, self._least)
            self._fell_at = now
