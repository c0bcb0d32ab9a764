"""A real routing service on a loopback port, with the real encoder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from routeiq.clients.routing import RoutingClient
from routeiq.kit.key_files import save_public_key
from routeiq.kit.signing import AssertionSigner
from routeiq.routing.app import RoutingApp
from routeiq.routing.embedders import ENCODER_FILE, TOKENIZER_FILE, OnnxEncoder, default_encoder_dir
from routeiq.routing.settings import Settings
from tests.support.buses import connected
from tests.support.routing import MODELS, write_static_artifact
from tests.support.servers.nats import NATS
from tests.support.wishes import Leader


@dataclass(frozen=True)
class Caller:
    """A service whose key the routing service knows."""

    key: Ed25519PrivateKey
    public: Path

    @property
    def signer(self) -> AssertionSigner:
        return AssertionSigner(self.key, "gateway")


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    key = Ed25519PrivateKey.generate()
    save_public_key(tmp_path / "identity.pub", key.public_key())
    return Caller(key, tmp_path / "identity.pub")


@pytest.fixture(scope="session")
def encoder() -> OnnxEncoder:
    folder = default_encoder_dir()
    return OnnxEncoder.load(folder / ENCODER_FILE, folder / TOKENIZER_FILE, 2)


@pytest.fixture(scope="session")
def static_artifact(tmp_path_factory: pytest.TempPathFactory, encoder: OnnxEncoder) -> Path:
    directory = tmp_path_factory.mktemp("artifacts") / "static"
    write_static_artifact(directory, encoder)
    return directory


@pytest.fixture
def settings(caller: Caller, static_artifact: Path) -> Settings:
    return Settings(
        port=0,
        ops_port=0,
        identity_public_keys=(caller.public,),
        artifact_dir=static_artifact,
        allow_unsigned=True,
        reply_reserve_s=0.2,  # the tests run on busy machines
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[RoutingApp]:
    """Listening; not necessarily loaded."""
    made = RoutingApp(settings, CollectorRegistry())
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def client(app: RoutingApp, caller: Caller) -> AsyncIterator[RoutingClient]:
    """Of a service that has loaded."""
    await app.wait_loaded()
    made = RoutingClient(app.address, caller.signer)
    yield made
    await made.close()


@pytest.fixture
async def leader(own_nats: NATS) -> AsyncIterator[Leader]:
    async with connected(own_nats) as bus:
        yield Leader(bus)


@pytest.fixture
def other(tmp_path: Path, encoder: OnnxEncoder) -> Path:
    """An artifact in whose opinion `small` is the best."""
    best = [MODELS[0].model_copy(update={"mean_quality": 0.9}), *MODELS[1:]]
    write_static_artifact(tmp_path / "other", encoder, models=best)
    return tmp_path / "other"


def in_fleet(settings: Settings, own_nats: NATS, folder: Path) -> Settings:
    """Of a service that follows the fleet there. Args: folder: for its cache."""
    fleet = {"nats_url": SecretStr(own_nats.url), "cache_dir": folder / "cache", "pod_name": "routing-0"}
    return settings.model_copy(update=fleet)
