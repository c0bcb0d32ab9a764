"""The benchmark's load generator and mock upstream, in C and in Python: the same figures by the same names."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.perf import tools
from tests.perf.children import Children
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_S

PLAIN = {name: (sys.executable, str(tools.PLAIN / f"{name}.py")) for name in ("loadgen", "mock_upstream")}
NATIVE = {name: tools.command(name) for name in PLAIN}
SHORT = ("-c", "2", "-d", "0.3", "-w", "0.1")


@pytest.fixture(params=[PLAIN, NATIVE], ids=["python", "native"])
def programs(request: pytest.FixtureRequest) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = request.param
    if request.param is NATIVE and not tools.native():
        pytest.skip("no C compiler here")
    return found


@pytest.fixture
def port(programs: dict[str, tuple[str, ...]], tmp_path: Path) -> Iterator[int]:
    number = free_port()
    with Children(tmp_path) as children:
        spec = f"{number}:gap_us=1000,chunks=5"
        children.start("upstream", [*programs["mock_upstream"], spec]).wait_port(number)
        yield number


def run(programs: dict[str, tuple[str, ...]], port: int, *options: str) -> dict[str, Any]:
    command = [*programs["loadgen"], *SHORT, *options, f"http://127.0.0.1:{port}/v1/chat/completions"]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE_S).stdout
    )
    return found


def test_closed_loop(programs: dict[str, tuple[str, ...]], port: int) -> None:
    found = run(programs, port, "-C", "x-request-id")
    assert found["ok"] > 50
    assert found["err_status"] + found["err_socket"] == 0
    assert found["header"] == {"req_mock": found["total"]}
    assert 0 < found["latency"]["p50"] <= found["latency"]["p99"]


def test_open_loop_keeps_its_rate(programs: dict[str, tuple[str, ...]], port: int) -> None:
    assert run(programs, port, "-r", "100")["rps"] == pytest.approx(100, rel=0.25)


def test_streams_are_taken_apart(programs: dict[str, tuple[str, ...]], port: int) -> None:
    found = run(programs, port, "-s", "-u")
    assert found["chunks_total"] >= found["total"] * 5
    assert found["ttft"]["p50"] > 0
    assert found["transit"]["p50"] > 0


def test_bodies_follow_the_sequence_and_are_renumbered(
    programs: dict[str, tuple[str, ...]], port: int, tmp_path: Path
) -> None:
    (tmp_path / "bodies").write_text('{"a": "############"}\n{"b": "############ and more"}\n')
    (tmp_path / "sequence").write_bytes(b"\x01\0\0\0")
    options = ("-B", str(tmp_path / "bodies"), "-q", str(tmp_path / "sequence"), "-n", "7", "-o", "3")
    found = run(programs, port, *options)
    assert found["turn"] == pytest.approx(found["total"] + 3, abs=2)
    assert found["err_status"] + found["err_socket"] == 0
