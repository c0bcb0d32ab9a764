"""The fleet as it is deployed: NATS, an object store behind a door, two config-syncs, four gateways, two routings."""

from __future__ import annotations

import contextlib
import itertools
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.kit.key_files import create_private_key, save_public_key
from tests.perf.children import Children
from tests.support.fleet import Fleet, fleet_in
from tests.support.ports import free_port
from tests.support.rolling.api import Api
from tests.support.rolling.documents import Document, numbered, written
from tests.support.rolling.door import Door, Way
from tests.support.rolling.settings import GATEWAYS, ROUTINGS, SYNCS, for_all, introduce, sync_of
from tests.support.rolling.store import Store
from tests.support.rolling.traffic import Traffic, plain
from tests.support.servers.nats import NATS
from tests.support.servers.s3 import S3

_UPSTREAM = Path(__file__).with_name("upstream.py")


@dataclass
class World:
    """All of it, ready. `key`: signs documents and artifacts.  `numbers`: of documents that were not there yet."""

    fleet: Fleet
    nats: NATS
    door: Door
    store: Store
    key: Ed25519PrivateKey
    upstream: int
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def api(self) -> Api:
        """Through a gateway whose config-sync runs."""
        gateway = next(one for one in GATEWAYS if sync_of(one) in self.fleet.processes)
        return Api(self.fleet.url_of(gateway), len(GATEWAYS) + len(ROUTINGS))

    def document(self, number: int, **sections: object) -> Document:
        return numbered(self.upstream, number, **sections)

    def put(self, document: Mapping[str, object]) -> None:
        """It becomes the object that config-sync polls."""
        self.store.put(written(document))

    def publish(self, number: int | None = None, **sections: object) -> int:
        """The next document, or the one with this number, and a reload, so that nobody waits for the next poll.
        Returns: its number."""
        number = next(self.numbers) if number is None else number
        self.put(self.document(number, **sections))
        self.api.reload()
        return number

    def traffic(
        self, rate: float, body: Callable[[int], Mapping[str, object]] = plain, gateways: Sequence[str] = GATEWAYS
    ) -> Traffic:
        """So many requests a second, to all gateways in turn."""
        return Traffic([self.fleet.url_of(name) for name in gateways], rate, body)

    def kill(self, process: str) -> None:
        """kill -9."""
        self.fleet.stop(process, signal.SIGKILL)

    def start(self, *processes: str) -> None:
        """Until they are ready."""
        for process in processes:
            self.fleet.start(process)
        for process in processes:
            self.fleet.wait(process)

    def heal(self) -> None:
        """Whatever a test has left: everything runs, and the store can be reached."""
        self.door.turn(Way.OPEN)
        self.start(*(name for name in (*SYNCS, *ROUTINGS, *GATEWAYS) if name not in self.fleet.processes))

    @contextlib.contextmanager
    def without_nats(self) -> Iterator[None]:
        self.nats.kill()
        try:
            yield
        finally:
            self.nats.start()


@contextlib.contextmanager
def world_in(folder: Path) -> Iterator[World]:
    """Everything, started with document 0; gone with the block."""
    with contextlib.ExitStack() as stack:
        nats, s3 = stack.enter_context(NATS()), stack.enter_context(S3())
        door = stack.enter_context(Door(s3.port))
        port = free_port()
        children = stack.enter_context(Children(folder))
        children.start("upstream", [sys.executable, str(_UPSTREAM), str(port)]).wait_port(port)
        key = create_private_key(folder / "publisher.key")
        save_public_key(folder / "publisher.pub", key.public_key())
        store = Store(s3, key)
        fleet = stack.enter_context(fleet_in(folder, {}, **for_all(nats.url, door.url)))
        introduce(fleet)
        world = World(fleet, nats, door, store, key, port)
        world.put(world.document(0))
        world.start(*SYNCS, *ROUTINGS, *GATEWAYS)
        yield world
