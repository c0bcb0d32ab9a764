"""How a gateway ends, and what it does at its limit: a real process with a model that takes its time."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.fleet import HEADERS, Fleet, fleet_in
from tests.support.waiting import PATIENCE_S, wait_until

SLOW = {
    "model_list": [
        {
            "model_name": name,
            "litellm_params": {"model": f"simulated/{name}", "ttft_ms": 0, "output_tokens": 200, **pace},
        }
        for name, pace in (("slow", {"tokens_per_second": 1}), ("brisk", {"tokens_per_second": 150}))
    ]
}


def body(model: str) -> dict[str, object]:
    return {"model": model, "stream": True, "messages": [{"role": "user", "content": "Tell me a story."}]}


@pytest.fixture
def gateway(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """Serving, with the settings that the test names."""
    with fleet_in(tmp_path, SLOW) as fleet:
        fleet.environ |= {f"ROUTEIQ_GATEWAY_{name}": value for name, value in request.param.items()}
        fleet.start("gateway")
        fleet.wait("gateway")
        yield fleet


def ready(fleet: Fleet) -> int:
    return httpx.get(f"http://127.0.0.1:{fleet.ports['gateway-ops']}/_health/ready", timeout=PATIENCE_S).status_code


@pytest.mark.parametrize("gateway", [{"DRAIN_S": "60", "DRAIN_DELAY_S": "10"}], indirect=True)
def test_streams_finish_while_readiness_says_no(gateway: Fleet) -> None:
    with httpx.stream(
        "POST", f"{gateway.url}/chat/completions", headers=HEADERS, json=body("brisk"), timeout=PATIENCE_S
    ) as stream:
        lines = stream.iter_lines()
        next(lines)
        gateway.processes["gateway"].send_signal(signal.SIGTERM)
        wait_until(lambda: ready(gateway) == 503)
        assert gateway.chat().status_code == 200, "endpoints lag behind readiness: new requests are still taken"
        text = "\n".join(lines)
    assert text.rstrip().endswith("data: [DONE]")
    assert gateway.processes.pop("gateway").wait(PATIENCE_S) == 0


@pytest.mark.parametrize("gateway", [{"DRAIN_S": "0.5"}], indirect=True)
def test_a_stream_past_the_limit_ends_with_an_error_event(gateway: Fleet) -> None:
    with httpx.stream(
        "POST", f"{gateway.url}/chat/completions", headers=HEADERS, json=body("slow"), timeout=PATIENCE_S
    ) as stream:
        lines = stream.iter_lines()
        next(lines)
        gateway.processes["gateway"].send_signal(signal.SIGTERM)
        events = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert json.loads(events[-1])["error"]["code"] == "shutting_down"
    assert "[DONE]" not in events
    assert gateway.processes.pop("gateway").wait(PATIENCE_S) == 0


@pytest.mark.parametrize("gateway", [{"DRAIN_S": "600"}], indirect=True)
def test_a_second_signal_stops_at_once(gateway: Fleet) -> None:
    with httpx.stream(
        "POST", f"{gateway.url}/chat/completions", headers=HEADERS, json=body("slow"), timeout=PATIENCE_S
    ) as stream:
        lines = stream.iter_lines()  # kept, because its end would close the stream, and so end the drain
        next(lines)
        gateway.processes["gateway"].send_signal(signal.SIGTERM)
        wait_until(lambda: ready(gateway) == 503)
        gateway.processes["gateway"].send_signal(signal.SIGTERM)
        assert gateway.processes.pop("gateway").wait(PATIENCE_S) == 128 + signal.SIGTERM


@pytest.mark.parametrize("gateway", [{"MAX_CONCURRENCY": "1"}], indirect=True)
def test_one_more_than_the_limit_is_sent_away_until_one_ends(gateway: Fleet) -> None:
    with httpx.stream(
        "POST", f"{gateway.url}/chat/completions", headers=HEADERS, json=body("slow"), timeout=PATIENCE_S
    ) as stream:
        lines = stream.iter_lines()  # kept, because its end would close the stream
        next(lines)
        refused = gateway.chat()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["error"]["code"] == "overloaded"
        assert httpx.get(f"{gateway.url}/v1/models", headers=HEADERS, timeout=PATIENCE_S).status_code == 200
    wait_until(lambda: gateway.chat().status_code != 503)
    assert gateway.chat().status_code == 200
