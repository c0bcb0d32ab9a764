"""What the load generator says, and what becomes of it."""

from __future__ import annotations

import pytest

from tests.perf.load import Clocks, parsed
from tests.perf.phases import added

SAID: dict[str, object] = {
    "ok": 90, "rps": 30.0, "total": 100, "err_status": 1, "err_socket": 2, "own_cpu_s": 0.5, "elapsed_s": 2.0,
    "turn": 7, "latency": {"n": 90, "p50": 10.0, "p99": 20.0}, "header": {"": 60, "deadline": 40},
}  # fmt: skip


def test_figures_of_a_run() -> None:
    run = parsed(SAID, Clocks(0.002, 0.5, 0.1, 0.9, 2.0))
    assert run.cpu_us == pytest.approx(20.0)
    assert (run.bad, run.latency.p99, run.turn) == (3, 20.0, 7)
    assert run.core_busy == pytest.approx(0.5)
    assert run.others == pytest.approx(0.05)
    assert run.by_fallback == {"": 60, "deadline": 40}


def test_no_stream_has_no_first_chunk() -> None:
    assert parsed(SAID, Clocks(0.0, 0.0, 0.0, 0.0, 1.0)).ttft.p50 == -1.0


def test_added_is_the_difference_to_the_baseline_of_the_round() -> None:
    assert added({"p50_100": 300.0, "rps": 5.0, "ttft": 9.0}, {"p50_100": 100.0, "rps": 1.0}) == {
        "added_p50_100": 200.0
    }


def test_what_others_took_is_neither_idle_time_used_nor_waiting_for_oneself() -> None:
    assert Clocks(0.5, 0.0, 0.0, 0.9, 1.0).others == 0.0
    assert Clocks(0.5, 0.0, 0.8, 0.5, 1.0).others == 0.0
    assert Clocks(0.5, 0.0, 0.4, 0.9, 1.0).others == pytest.approx(0.4)
