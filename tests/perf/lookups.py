"""What finding a caller costs, in CPU us: the master key, one warm key, and ten thousand in turn.

`python -m tests.perf.lookups`"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.pipeline.authenticate import Authenticator
from tests.support.fake_control import InstantControl

MASTER = "sk-a-master-key-of-the-bench"
KEYS = 10_000
ROUNDS = 7
Headers = Mapping[bytes, bytes]


def _headers(key: str) -> Headers:
    return {b"host": b"x", b"authorization": b"Bearer " + key.encode()}


def _cpu_us(authenticator: Authenticator, requests: Sequence[Headers]) -> float:
    """For one of them, in the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time()
        for headers in requests:
            authenticator.at_once(headers)
        best = min(best, time.process_time() - begun)
    return best / len(requests) * 1e6


async def measure(keys: int = KEYS) -> dict[str, float]:
    """By what is looked up."""
    control = InstantControl()
    authenticator = Authenticator(MASTER, Callers(control, capacity=keys))
    named = [f"sk-bench-{number:020d}" for number in range(keys)]
    for key in named:
        control.rows.add(key, models=["small", "openai/*"], user_id=key, team_id="team")
        await authenticator.caller(_headers(key))
    scattered = [_headers(named[number * 7919 % keys]) for number in range(keys)]
    return {
        "master": _cpu_us(authenticator, [_headers(MASTER)] * keys),
        "one": _cpu_us(authenticator, [_headers(named[0])] * keys),
        "many": _cpu_us(authenticator, scattered),
    }


if __name__ == "__main__":
    for what, us in asyncio.run(measure()).items():
        print(f"{what:8} {us:5.2f} us")
