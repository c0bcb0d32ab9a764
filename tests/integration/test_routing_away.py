"""A routing service that is away, silent, rude or slow: choices get worse, requests do not.

Real processes. What stands in for the service here is as bad as a socket can be."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.api.routing.v1 import routing_pb2_grpc
from tests.support.fleet import CHAT, HEADERS, Fleet, document, fleet_in
from tests.support.memory import held_kib
from tests.support.rude import deaf, each_connection, greet, resetting, silent
from tests.support.waiting import PATIENCE_S

DEADLINE_S = 1.0
SLACK_S = 0.9  # most waited once
SLACK_S_AMONG_MANY = 45.0  # busy machines; who waited for the kernel, or for a default, would be found out
ASKED_AT_ONCE = 500
MOST_GROWTH_MIB = 40
CLIENT = httpx.Client(headers=HEADERS, timeout=PATIENCE_S, limits=httpx.Limits(max_connections=None))


@pytest.fixture(scope="module", autouse=True)
def _client() -> Iterator[None]:
    with CLIENT:
        yield


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A gateway, and no routing service yet."""
    with fleet_in(tmp_path, document(deadline_ms=DEADLINE_S * 1000)) as made:
        yield made


def gateway(fleet: Fleet) -> None:
    fleet.start("gateway")
    fleet.wait("gateway")


def ask(fleet: Fleet, text: str = "What is 2 + 2?") -> tuple[str, float]:
    """The fallback, empty if there was none, and the seconds that it took."""
    body = {**CHAT, "messages": [{"role": "user", "content": text}]}
    begun = time.monotonic()
    answer = CLIENT.post(f"{fleet.url}/v1/chat/completions", json=body)
    took = time.monotonic() - begun
    assert answer.status_code == 200
    fallback = answer.headers.get("x-routeiq-fallback", "")
    assert not fallback or answer.headers["x-routeiq-model"] == "second"
    return fallback, took


def in_time(answers: list[tuple[str, float]]) -> bool:
    """None waited long, and most no longer than once."""
    seconds = sorted(took for _, took in answers)
    return seconds[len(seconds) // 2] < DEADLINE_S + SLACK_S and seconds[-1] < DEADLINE_S + SLACK_S_AMONG_MANY


def until_learned(fleet: Fleet) -> None:
    end = time.monotonic() + PATIENCE_S
    number = 0
    while ask(fleet, f"Is {number} a prime number?")[0]:
        assert time.monotonic() < end, metrics(fleet)
        number += 1
        time.sleep(0.1)


def metrics(fleet: Fleet) -> str:
    return httpx.get(f"http://127.0.0.1:{fleet.ports['gateway-ops']}/metrics", timeout=PATIENCE_S).text


def metric(fleet: Fleet, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", metrics(fleet), re.MULTILINE)
    return float(found[1]) if found else 0.0


def held_mib(fleet: Fleet) -> float:
    return held_kib(fleet.processes["gateway"].pid) / 1024


class Slow(routing_pb2_grpc.RoutingServiceServicer):
    """Answers, but late."""

    def RouteMany(self, request: pb.RouteManyRequest, context: grpc.ServicerContext) -> pb.RouteManyResponse:
        time.sleep(4 * DEADLINE_S)
        answer = pb.RouteResult(response=pb.RouteResponse(selected_model="first"))
        return pb.RouteManyResponse(results=[answer] * len(request.entries))


@contextlib.contextmanager
def slow(port: int) -> Iterator[None]:
    server = grpc.server(ThreadPoolExecutor(8))
    routing_pb2_grpc.add_RoutingServiceServicer_to_server(Slow(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()


@pytest.mark.timeout(600)
def test_a_black_hole_costs_the_deadline_a_few_times_and_is_left_for_the_real_service(fleet: Fleet) -> None:
    with each_connection(fleet.ports["routing"], greet):
        gateway(fleet)
        answers = [ask(fleet, f"prompt {number}") for number in range(12)]
        assert in_time(answers)
        assert [fallback for fallback, _ in answers[:5]] == ["deadline"] * 5
        assert {fallback for fallback, _ in answers[7:]} == {"routing_unavailable"}  # it learns a moment later
        assert min(took for _, took in answers[7:]) < DEADLINE_S / 2
        assert metric(fleet, 'gateway_routing_pods{breaker="open"}') == 1
    fleet.start("routing")
    fleet.wait("routing")
    until_learned(fleet)
    assert metric(fleet, 'gateway_routing_pods{breaker="open"}') == 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rude", [silent, resetting])
def test_what_is_no_routing_service_costs_little_time(
    fleet: Fleet, rude: Callable[[int], contextlib.AbstractContextManager[None]]
) -> None:
    with rude(fleet.ports["routing"]):
        gateway(fleet)
        answers = [ask(fleet, f"prompt {number}") for number in range(12)]
    assert {fallback for fallback, _ in answers} == {"routing_unavailable"}
    assert in_time(answers)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rude", [silent, deaf, resetting])
def test_while_it_is_unreachable_others_do_not_wait(
    fleet: Fleet, rude: Callable[[int], contextlib.AbstractContextManager[None]]
) -> None:
    with rude(fleet.ports["routing"]):
        gateway(fleet)
        with ThreadPoolExecutor(16) as clients, ThreadPoolExecutor(1) as other:
            answers = [clients.submit(ask, fleet, f"prompt {number}") for number in range(64)]
            assert other.submit(_named, fleet).result() == 20
        fallbacks, times = zip(*(answer.result() for answer in answers), strict=True)
    assert {*fallbacks} <= {"deadline", "routing_unavailable"}
    assert max(times) < DEADLINE_S + SLACK_S_AMONG_MANY


@pytest.mark.timeout(600)
def test_a_kill_in_the_middle_of_traffic_makes_nobody_wait(fleet: Fleet) -> None:
    gateway(fleet)
    fleet.start("routing")
    fleet.wait("routing")
    until_learned(fleet)
    with ThreadPoolExecutor(8) as clients, ThreadPoolExecutor(1) as other:
        answers = [clients.submit(ask, fleet, f"Is {number} odd?") for number in range(400)]
        while not answers[100].done():
            time.sleep(0.01)
        assert fleet.stop("routing", signal.SIGKILL) != 0
        assert other.submit(_named, fleet).result() == 20
    fallbacks, times = zip(*(answer.result() for answer in answers), strict=True)
    assert "routing_unavailable" in fallbacks
    assert {*fallbacks} <= {"", "deadline", "overloaded", "routing_unavailable"}
    assert max(times) < DEADLINE_S + SLACK_S_AMONG_MANY


@pytest.mark.timeout(600)
def test_killed_stopped_and_restarted_it_comes_back_by_itself(fleet: Fleet) -> None:
    gateway(fleet)
    for blow in (signal.SIGKILL, signal.SIGSTOP):
        fleet.start("routing")
        fleet.wait("routing")
        until_learned(fleet)
        process = fleet.processes["routing"]
        process.send_signal(blow)
        if blow is signal.SIGKILL:
            process.wait(PATIENCE_S)
        answers = [ask(fleet, f"{blow.name} {number}") for number in range(10)]
        assert all(fallback in ("deadline", "routing_unavailable") for fallback, _ in answers)
        assert in_time(answers)
    process.send_signal(signal.SIGCONT)
    until_learned(fleet)


@pytest.mark.timeout(600)
def test_500_at_once_against_a_slow_service_are_all_answered(fleet: Fleet) -> None:
    fleet.environ["ROUTEIQ_GATEWAY_ROUTING_PENDING"] = "32"
    with slow(fleet.ports["routing"]):
        gateway(fleet)
        ask(fleet)
        before = held_mib(fleet)
        with ThreadPoolExecutor(ASKED_AT_ONCE) as clients, ThreadPoolExecutor(1) as other:
            answers = [clients.submit(ask, fleet, f"prompt {number}") for number in range(ASKED_AT_ONCE)]
            named = other.submit(_named, fleet)
            counted = Counter(answer.result()[0] for answer in answers)
            assert named.result() == 20
        assert counted.keys() <= {"deadline", "overloaded", "routing_unavailable"}
        assert counted["overloaded"] > 0
        assert counted.total() == ASKED_AT_ONCE
        assert held_mib(fleet) - before < MOST_GROWTH_MIB
        chosen = 'gateway_routing_decision_duration_seconds_bucket{le="%s"}'
        assert metric(fleet, chosen % "2.56") == metric(fleet, chosen % "+Inf")


def _named(fleet: Fleet) -> int:
    """Requests that are not routed, at the same time: how many were answered without a fallback."""
    body = {"model": "first", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    answers = [CLIENT.post(f"{fleet.url}/v1/chat/completions", json=body) for _ in range(20)]
    return sum(answer.status_code == 200 and "x-routeiq-fallback" not in answer.headers for answer in answers)
