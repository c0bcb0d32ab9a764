"""`make bench`: what the gateway costs on this machine, beside its upstream asked directly.

Closed loop over keep-alive connections; the targets take turns over the rounds and the medians count. CPU time is
the whole suite process's, from /proc. Single figures move with the machine; trust the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.processes import fake_provider
from tests.support.suite import Suite, running

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Target:
    """Where to send what."""

    name: str
    url: str
    model: str
    key: str = ""

    def request(self) -> bytes:
        body = json.dumps({"model": self.model, "messages": [{"role": "user", "content": "Say hello. " * 80}]}).encode()
        parts = urlsplit(self.url)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer {self.key}\r\n"
        return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@dataclass(frozen=True)
class Measured:
    """One round: requests a second, latencies in seconds, CPU seconds of the suite."""

    rps: float
    latencies: list[float]
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        return self.cpu_s * 1e6 / max(len(self.latencies), 1)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> float:
    """One exchange; its seconds. Raises RuntimeError for anything but a 200."""
    begun = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:16]:
        raise RuntimeError(head.split(b"\r\n")[0].decode())
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return time.perf_counter() - begun


async def load(target: Target, connections: int, seconds: float) -> list[float]:
    """Latencies of all exchanges that ended in time."""
    parts, request, found = urlsplit(target.url), target.request(), []
    end = time.perf_counter() + seconds

    async def worker() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while time.perf_counter() < end:
            found.append(await one(reader, writer, request))
        writer.close()
        await writer.wait_closed()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(worker())
    return found


def measure(target: Target, suite: Suite, connections: int, seconds: float) -> Measured:
    asyncio.run(load(target, connections, min(seconds, 0.5)))
    before = cpu_seconds(suite.process.pid)
    latencies = asyncio.run(load(target, connections, seconds))
    return Measured(len(latencies) / seconds, latencies, cpu_seconds(suite.process.pid) - before)


def row(target: Target, rounds: list[Measured]) -> dict[str, object]:
    latencies = sorted(latency for measured in rounds for latency in measured.latencies)
    return {
        "target": target.name,
        "rps": round(statistics.median(measured.rps for measured in rounds)),
        "cpu_us": round(statistics.median(measured.cpu_us for measured in rounds)),
        "p50_ms": round(latencies[len(latencies) // 2] * 1e3, 2),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1e3, 2),
    }


def document(base: str) -> str:
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": base, "api_key": "none"}}
        for name in ("small", "large")
    ]
    return json.dumps({"model_list": models})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, fake_provider() as provider:
        config = Path(folder) / "config.yaml"
        config.write_text(document(provider.api_base))
        with running(Path(folder), "--config", str(config)) as suite:
            targets = [
                Target("upstream alone", provider.url, "small"),
                Target("gateway, named model", suite.url, "small", suite.key),
                Target("gateway, auto", suite.url, "auto", suite.key),
            ]
            found: dict[str, list[Measured]] = {target.name: [] for target in targets}
            for _ in range(args.rounds):
                for target in targets:
                    found[target.name].append(measure(target, suite, args.connections, args.seconds))
    report([row(target, found[target.name]) for target in targets])


def report(rows: list[dict[str, object]]) -> None:
    print(f"{'target':<24}{'rps':>8}{'CPU us':>9}{'p50 ms':>9}{'p99 ms':>9}")
    for one_row in rows:
        print("{target:<24}{rps:>8}{cpu_us:>9}{p50_ms:>9}{p99_ms:>9}".format(**one_row))
    out = Path(__file__).resolve().parents[2] / "bench" / "latest.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
