"""Records go through a real NATS, and come again when it has lost them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from prometheus_client import CollectorRegistry, generate_latest

from routeiq.api.control.v1 import control_pb2 as control
from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.clients.usage_stream import SUBJECTS, USAGE_STREAM
from routeiq.gateway.journal.journal import Journal
from routeiq.gateway.journal.keeper import Keeper, measure
from routeiq.gateway.journal.ledger_round import LedgerRound
from routeiq.gateway.journal.publisher import WINDOW_BYTES
from routeiq.gateway.journal.replay import unpriced
from routeiq.kit.bus import Bus
from routeiq.kit.bus_sender import StreamSender
from routeiq.kit.bus_stream import StreamSpec
from tests.support.journaling import SEGMENT_BYTES, begin, die, opened, serve
from tests.support.servers.nats import NATS
from tests.support.waiting import PATIENCE_S


class Ledger:
    """Control's part: reads the stream, keeps what joins on, says how far it is."""

    def __init__(self, server: NATS) -> None:
        self._server = server
        self.records: dict[str, pb.UsageRecord] = {}
        self.watermarks: dict[str, int] = {}
        self.frozen = False
        self.slow_s = 0.0
        """For each message."""

    async def ask(self, _: object, journals: Sequence[str]) -> control.ReadLedgerResponse:
        marks = [control.Watermark(journal=one, sequence=self.watermarks.get(one, 0)) for one in journals]
        return control.ReadLedgerResponse(watermarks=marks)

    async def run(self) -> None:
        while True:
            connecting = asyncio.ensure_future(nats.connect(self._server.url, allow_reconnect=False, connect_timeout=1))
            try:
                client = await asyncio.shield(connecting)
            except asyncio.CancelledError:  # one that is cut off in the middle leaves its socket open
                with suppress(Exception):
                    await (await connecting).close()
                raise
            except Exception:  # noqa: BLE001  # the server is being restarted
                await asyncio.sleep(0.05)
                continue
            try:
                await self._read(client)
            except Exception:  # noqa: BLE001  # as above
                await asyncio.sleep(0.05)
            finally:
                await client.close()

    async def _read(self, client: Client) -> None:
        source = await client.jetstream().pull_subscribe(SUBJECTS, "ledger", stream=USAGE_STREAM.name)
        while not client.is_closed:
            try:
                messages = await source.fetch(1 if self.slow_s else 10, timeout=0.2)
            except TimeoutError:
                continue
            for message in messages:
                await asyncio.sleep(self.slow_s)
                if not self.frozen:
                    self.take(pb.UsageBatch.FromString(message.data))
                    await message.ack()

    def take(self, batch: pb.UsageBatch) -> None:
        self.records |= {one.id: one for one in batch.records}
        journal = batch.records[0].journal
        passed = max(self.watermarks.get(journal, 0), batch.oldest - 1)
        if batch.records[0].sequence <= passed + 1:
            self.watermarks[journal] = max(batch.records[-1].sequence, passed)


@asynccontextmanager
async def keeping(
    base: Path,
    server: NATS,
    ledger: Ledger,
    journal: Journal | None = None,
    stream: StreamSpec = USAGE_STREAM,
    window_bytes: int = WINDOW_BYTES,
) -> AsyncIterator[Keeper]:
    bus = Bus(server.url)
    kept = Keeper(
        journal or opened(base, segment_bytes=SEGMENT_BYTES),
        StreamSender(bus, stream).publish,
        LedgerRound(ledger.ask, every_s=0.1),
        unpriced,
        window_bytes=window_bytes,
    )
    reading = asyncio.create_task(ledger.run())
    bus.start()
    try:
        async with kept.running():
            yield kept
    finally:
        while not reading.done():  # its client may take a cancellation for the end of a fetch
            reading.cancel()
            await asyncio.wait([reading], timeout=0.5)
        await bus.close()


def folders(base: Path) -> list[str]:
    return [path.name for path in base.iterdir()]


async def settled(keeper: Keeper) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while any(one.pending for one in keeper.publishers):
            await asyncio.sleep(0.02)


def serve_all(journal: Journal, names: Iterable[str]) -> None:
    for name in names:
        serve(journal, name)


async def test_records_reach_the_ledger_and_are_let_go(tmp_path: Path, own_nats: NATS) -> None:
    ledger = Ledger(own_nats)
    names = {f"i{number}" for number in range(3000)}
    async with keeping(tmp_path, own_nats, ledger) as keeper:
        measure(keeper, registry := CollectorRegistry())
        serve_all(keeper.journal, sorted(names))
        await settled(keeper)
        assert ledger.records.keys() == names
        assert len(keeper.journal.shelf.segments) == 1
        shown = generate_latest(registry).decode()
        assert "gateway_journal_published_total 3000.0" in shown
        assert "gateway_journal_pending 0.0" in shown
        assert "gateway_journal_oldest_seconds 0.0" in shown
    assert folders(tmp_path) == []


async def test_a_restart_of_nats_loses_nothing(tmp_path: Path, own_nats: NATS) -> None:
    ledger = Ledger(own_nats)
    async with keeping(tmp_path, own_nats, ledger) as keeper:
        for turn in range(3):
            serve_all(keeper.journal, (f"{turn}-{number}" for number in range(500)))
            await asyncio.to_thread(own_nats.kill if turn else own_nats.stop)
            serve_all(keeper.journal, (f"{turn}+{number}" for number in range(500)))
            await asyncio.to_thread(own_nats.start)
        await settled(keeper)
    assert len(ledger.records) == 3000


async def test_a_volume_that_is_lost_is_refilled(tmp_path: Path, own_nats: NATS) -> None:
    ledger = Ledger(own_nats)
    ledger.frozen = True
    async with keeping(tmp_path, own_nats, ledger) as keeper:
        serve_all(keeper.journal, (f"i{number}" for number in range(1000)))
        async with asyncio.timeout(PATIENCE_S):
            while keeper.published < 1000:
                await asyncio.sleep(0.02)
        await asyncio.to_thread(own_nats.kill)
        shutil.rmtree(own_nats.folder / "store")
        ledger.frozen = False
        await asyncio.to_thread(own_nats.start)
        serve_all(keeper.journal, ["after"])
        await settled(keeper)
    assert len(ledger.records) == 1001


async def test_what_a_full_stream_gave_up_unread_is_sent_again(tmp_path: Path, own_nats: NATS) -> None:
    """It takes new batches all the same, while nobody reads."""
    ledger, names = Ledger(own_nats), {f"i{number}" for number in range(5000)}
    ledger.frozen = True
    small = USAGE_STREAM._replace(max_bytes=400_000)
    async with keeping(tmp_path, own_nats, ledger, stream=small) as keeper:
        serve_all(keeper.journal, sorted(names))
        async with asyncio.timeout(PATIENCE_S):
            while keeper.published < len(names):
                await asyncio.sleep(0.02)
        client = await nats.connect(own_nats.url)
        state = (await client.jetstream().stream_info(small.name)).state
        await client.close()
        assert state.first_seq > 1, "nothing was given up"
        assert not ledger.records
        ledger.frozen = False
        await settled(keeper)
    assert ledger.records.keys() == names


async def test_a_slow_ledger_reads_a_backlog_that_the_stream_has_no_room_for(tmp_path: Path, own_nats: NATS) -> None:
    """Each batch once: none is given up, and none sent again."""
    ledger, names = Ledger(own_nats), {f"i{number}" for number in range(20_000)}
    ledger.slow_s = 0.05
    small = USAGE_STREAM._replace(max_bytes=1_000_000)
    async with keeping(tmp_path, own_nats, ledger, stream=small, window_bytes=400_000) as keeper:
        serve_all(keeper.journal, sorted(names))
        await settled(keeper)
        assert (ledger.records.keys(), keeper.published) == (names, len(names))


async def test_what_a_dead_process_left_reaches_the_ledger(tmp_path: Path, own_nats: NATS) -> None:
    dead, ledger = opened(tmp_path), Ledger(own_nats)
    serve_all(dead, ["whole"])
    begin(dead, "cut").call()
    die(dead)
    async with keeping(tmp_path, own_nats, ledger) as keeper:
        serve_all(keeper.journal, ["mine"])
        async with asyncio.timeout(PATIENCE_S):
            while ledger.records.keys() != {"whole", "cut", "mine"} or len(keeper.publishers) > 1:
                await asyncio.sleep(0.02)
        async with asyncio.timeout(PATIENCE_S):
            while dead.folder.path.exists():
                await asyncio.sleep(0.02)
    assert {one.journal for one in ledger.records.values()} == {dead.id, keeper.journal.id}
    assert ledger.records["cut"].error == "interrupted"


async def test_a_process_that_stops_sends_its_last_words(tmp_path: Path, own_nats: NATS) -> None:
    ledger = Ledger(own_nats)
    ledger.frozen = True
    async with keeping(tmp_path, own_nats, ledger) as keeper:
        async with asyncio.timeout(PATIENCE_S):
            serve_all(keeper.journal, ["first"])
            while not keeper.published:
                await asyncio.sleep(0.02)
        serve_all(keeper.journal, ["last"])
    assert keeper.published == 2
    assert folders(tmp_path) == [keeper.journal.id]


async def test_the_stream_is_made_once(own_nats: NATS) -> None:
    bus = Bus(own_nats.url)
    bus.start()
    client = await nats.connect(own_nats.url)
    context = client.jetstream()
    with pytest.raises(NotFoundError):
        await context.stream_info(USAGE_STREAM.name)
    senders = [StreamSender(bus, USAGE_STREAM._replace(max_age_s=3600.0)) for _ in range(3)]
    async with asyncio.timeout(PATIENCE_S):
        while not bus.connected:
            await asyncio.sleep(0.01)
    sent = await asyncio.gather(*(one.publish("routeiq.usage.x", b"x", "same") for one in senders))
    assert sent == [True] * 3
    info = await context.stream_info(USAGE_STREAM.name)
    assert (info.config.max_age, info.state.messages) == (3600.0, 1)
    await client.close()
    await bus.close()
