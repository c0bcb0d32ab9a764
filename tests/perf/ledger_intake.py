"""How many records a second go into a ledger, from the bytes of their messages to their commit."""

from __future__ import annotations

import random
import statistics
import time
from hashlib import sha256
from typing import NamedTuple

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.control.usage.intake_batches import read_batch
from routeiq.control.usage.ledger import Ledger
from routeiq.kit.ids import uuid7
from tests.support.usage_rows import Shape

BATCH, BATCHES, AT_ONCE = 500, 30, 10


class Intake(NamedTuple):
    """`batch_ms`: the median of batches that are written one by one."""

    batch: int
    batch_ms: float
    records_s: float
    cpu_us: float
    grouped_s: float


class Took(NamedTuple):
    """What writing took, without the making of messages, which is the gateways'."""

    wall_s: float
    cpu_s: float


async def measure_intake(ledger: Ledger, shape: Shape) -> Intake:
    took = [await _write(ledger, [_message(shape, "one", number)]) for number in range(BATCHES)]
    grouped = [
        await _write(ledger, [_message(shape, "many", number + part) for part in range(AT_ONCE)])
        for number in range(0, BATCHES, AT_ONCE)
    ]
    median, cpu = statistics.median(one.wall_s for one in took), statistics.median(one.cpu_s for one in took)
    return Intake(
        BATCH, median * 1000, BATCH / median, cpu / BATCH * 1e6,
        BATCH * AT_ONCE / statistics.median(one.wall_s for one in grouped),
    )  # fmt: skip


async def _write(ledger: Ledger, messages: list[bytes]) -> Took:
    began, used = time.perf_counter(), time.process_time()
    batches = [batch for data in messages if (batch := read_batch(data)) is not None]
    written = await ledger.write(batches)
    took = Took(time.perf_counter() - began, time.process_time() - used)
    assert written.new == BATCH * len(messages)
    assert all(written.joined)
    return took


def _message(shape: Shape, journal: str, number: int) -> bytes:
    first = number * BATCH + 1
    records = [_record(shape, journal, sequence) for sequence in range(first, first + BATCH)]
    return pb.UsageBatch(records=records, oldest=1).SerializeToString()


def _record(shape: Shape, journal: str, sequence: int) -> pb.UsageRecord:
    at = time.time_ns() // 1000
    key = int(shape.keys * random.random() ** 3)
    model = (key * 7 + random.randrange(4)) % shape.models
    return pb.UsageRecord(
        id=uuid7(), request_id=uuid7(), journal=journal, sequence=sequence, started_at=at - 900_000, ended_at=at,
        parties=pb.Parties(
            key_hash=sha256(f"key{key}".encode()).hexdigest(), user_id=f"user-{key % shape.users}",
            team_id=f"team-{key % shape.users % shape.teams}", service=f"service-{key % shape.services}",
            customer_id=f"customer-{int(shape.customers * random.random() ** 3)}", task_type="chat",
            tags=[] if key % 2 else [f"tag-{key % shape.tags}", f"tag-{sequence % shape.tags}"],
        ),
        served=pb.Served(
            endpoint="chat/completions", requested_model=f"model-{model}", model=f"model-{model}",
            deployment_id=f"deployment-{model}", provider=f"provider-{model % shape.providers}",
            provider_model=f"provider-model-{model}",
        ),
        tokens=pb.Tokens(input=900, output=120, cache_read=5),
        status=200, attempts=1, bytes=2000, cost_nano_usd=1_234_567, state_version="bench",
    )  # fmt: skip
