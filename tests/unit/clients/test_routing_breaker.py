"""When a pod is asked no more, and how it comes back."""

from __future__ import annotations

from dataclasses import dataclass, field

from routeiq.clients.routing_breaker import FAILURES, PROBE_EVERY_S, WITHIN_S, Breaker


@dataclass
class Clock:
    now: float = 100.0
    changes: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def breaker(self, failures: int = 0) -> Breaker:
        made = Breaker(self, lambda: self.changes.append(self.now))
        for _ in range(failures):
            made.failed()
        return made


def test_it_opens_after_failures_in_a_row_and_says_so_once() -> None:
    clock = Clock()
    breaker = clock.breaker(FAILURES - 1)
    assert not breaker.open
    breaker.failed()
    breaker.failed()
    assert (breaker.open, len(clock.changes)) == (True, 1)


def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = Clock().breaker(FAILURES - 1)
    breaker.succeeded()
    breaker.failed()
    assert not breaker.open


def test_failures_far_apart_do_not_open_it() -> None:
    clock = Clock()
    breaker = clock.breaker(FAILURES - 1)
    clock.now += WITHIN_S + 1
    breaker.failed()
    assert not breaker.open


def test_one_probe_at_a_time_and_not_at_once() -> None:
    clock = Clock()
    breaker = clock.breaker(FAILURES)
    assert not breaker.take_probe()
    clock.now += PROBE_EVERY_S
    assert breaker.take_probe()
    assert not breaker.take_probe()
    breaker.probed()
    assert not breaker.take_probe()
    clock.now += PROBE_EVERY_S
    assert breaker.take_probe()


def test_the_first_success_closes_it() -> None:
    clock = Clock()
    breaker = clock.breaker(FAILURES)
    breaker.succeeded()
    assert (breaker.open, breaker.take_probe(), len(clock.changes)) == (False, False, 2)
