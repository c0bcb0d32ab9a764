"""Every port that only services call: without a valid assertion nothing answers there, over HTTP and over gRPC."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import grpc
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from prometheus_client import CollectorRegistry

from routeiq.config.start import start_with
from routeiq.kit.asgi import Answer, Receive, Scope, Send
from routeiq.kit.assertions import AssertionGuard
from routeiq.kit.errors import AuthenticationError
from routeiq.kit.health import Readiness
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.internal import InternalSettings, internal_service
from routeiq.kit.key_files import save_public_key
from routeiq.kit.outbound import OutboundPolicy
from routeiq.kit.principal import Principal, Role, principal_of
from routeiq.kit.rpc import RpcServer
from routeiq.kit.rpc_client import call_metadata, open_channel
from routeiq.kit.service import Service
from routeiq.kit.signing import HEADER, LIFETIME_S, AssertionSigner
from tests.support.fleet import ENCRYPTION_KEY
from tests.support.http_server import serving, with_lifespan
from tests.support.waiting import PATIENCE_S

SERVICES = ("control", "a2a-registry", "mcp-registry", "config-sync")
WHO = Principal("ab" * 32, Role.VIEWER, "u-1", "t-1", "laptop \u00fc", ("keys", "models"))
NOW = 1_800_000_000.0
PATHS = ("/", "/_health/live", "/_health/ready", "/metrics", "/key/generate", "/docs", "/nowhere")

Ask = Callable[[str | None], Awaitable[bool]]


class FakeClock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Keys:
    """Of the one service that may call, and of a stranger."""

    ours: Ed25519PrivateKey
    stranger: Ed25519PrivateKey
    public: Path

    def forged(self, alg: str, audience: str, **changes: object) -> str:
        """By the right key, with claims changed."""
        signed = self._unsigned(alg, audience, changes)
        return (signed + b"." + _b64(self.ours.sign(signed))).decode()

    def by_secret(self, audience: str) -> str:
        """HS256, whose secret is our public key."""
        signed = self._unsigned("HS256", audience, {})
        return (signed + b"." + _b64(hmac.digest(self.public.read_bytes(), signed, "sha256"))).decode()

    def _unsigned(self, alg: str, audience: str, changes: Mapping[str, object]) -> bytes:
        header = {"alg": alg, "kid": OKPKey.import_key(self.ours).thumbprint()}
        claims = {"iss": "gateway", "sub": "gateway", "aud": audience, "iat": int(NOW), "exp": int(NOW) + 60}
        return b".".join(_b64(json.dumps(part).encode()) for part in (header, claims | changes))


def _b64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    ours = Ed25519PrivateKey.generate()
    save_public_key(tmp_path / "identity.pub", ours.public_key())
    return Keys(ours, Ed25519PrivateKey.generate(), tmp_path / "identity.pub")


def refused(keys: Keys, audience: str) -> dict[str, str | None]:
    """What lets nobody in, by why."""
    clock = FakeClock()
    good = AssertionSigner(keys.ours, "gateway", clock).sign(audience, WHO)
    head, claims, signature = good.split(".")
    unsigned = _b64(json.dumps({"alg": "none"}).encode()).decode()
    admin = _b64(json.dumps({"sub": "x", "role": "admin"}).encode()).decode()
    return {
        "none": None,
        "empty": "",
        "nonsense": "nonsense",
        "another service": AssertionSigner(keys.ours, "gateway", clock).sign("another", WHO),
        "a stranger": AssertionSigner(keys.stranger, "gateway", clock).sign(audience, WHO),
        "other claims": f"{head}.{admin}.{signature}",
        "no signature": f"{head}.{claims}.",
        "alg none": f"{unsigned}.{claims}.",
        "alg EdDSA": keys.forged("EdDSA", audience),
        "alg HS256": keys.by_secret(audience),
        "expired": keys.forged("Ed25519", audience, iat=int(NOW) - 120, exp=int(NOW) - 60),
        "of the future": keys.forged("Ed25519", audience, iat=int(NOW) + 60, exp=int(NOW) + 120),
        "too long a life": keys.forged("Ed25519", audience, exp=int(NOW) + 3600),
        "several audiences": keys.forged("Ed25519", audience, aud=[audience, "another"]),
        "no such role": keys.forged("Ed25519", audience, role="root"),
        "a role that is no text": keys.forged("Ed25519", audience, role=["admin"]),
        "permissions that are none": keys.forged("Ed25519", audience, role="user", perms=[1]),
    }


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[Service]:
    task = asyncio.create_task(service.serve())
    await service.server.wait_started()
    try:
        async with asyncio.timeout(60), httpx.AsyncClient(timeout=PATIENCE_S) as client:
            while (await client.get(f"{service.ops_url}/_health/ready")).status_code != 200:
                await asyncio.sleep(0.02)
        yield service
    finally:
        service.stop()
        await task


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Says who asks."""
    try:
        answer = f"{principal_of(scope)!r}"
    except AuthenticationError:
        answer = "nobody"
    await Answer(send, []).whole(200, answer.encode())


@asynccontextmanager
async def http_port(keys: Keys, clock: FakeClock) -> AsyncIterator[Ask]:
    """Gives what asks it: whether it lets one in."""
    verifier = AssertionVerifier([keys.ours.public_key()], "guarded", clock)
    async with serving(AssertionGuard(who, verifier)) as server, httpx.AsyncClient(timeout=PATIENCE_S) as client:

        async def ask(token: str | None) -> bool:
            answer = await client.get(f"http://{server.address}/", headers={} if token is None else {HEADER: token})
            assert answer.status_code in (200, 401)
            return answer.status_code == 200

        yield ask


@asynccontextmanager
async def grpc_port(keys: Keys, clock: FakeClock) -> AsyncIterator[Ask]:
    """The same for a method."""

    async def echo(request: bytes, _: object) -> bytes:
        return request

    server = RpcServer(AssertionVerifier([keys.ours.public_key()], "guarded", clock))
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    generic = grpc.method_handlers_generic_handler("guarded.Echoes", handlers)
    server.grpc.add_generic_rpc_handlers((generic,))
    address = await server.start("127.0.0.1", 0)
    async with open_channel(address) as channel:

        async def ask(token: str | None) -> bool:
            metadata = () if token is None else (("authorization", f"Bearer {token}"),)
            try:
                await channel.unary_unary("/guarded.Echoes/Echo")(b"x", metadata=metadata, timeout=PATIENCE_S)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                    raise
                return False
            return True

        yield ask
    await server.stop(0)


PORTS = {"http": http_port, "grpc": grpc_port}


@pytest.mark.parametrize("port", PORTS)
async def test_only_a_valid_assertion_lets_one_in(keys: Keys, port: str) -> None:
    clock = FakeClock()
    good = [AssertionSigner(keys.ours, "gateway", clock).sign("guarded", WHO), keys.forged("Ed25519", "guarded")]
    async with PORTS[port](keys, clock) as ask:
        let_in = {why: await ask(token) for why, token in refused(keys, "guarded").items()}
        assert [await ask(token) for token in good] == [True, True]
    assert [why for why, yes in let_in.items() if yes] == []


@pytest.mark.parametrize("port", PORTS)
async def test_an_assertion_that_was_good_is_not_once_it_has_expired(keys: Keys, port: str) -> None:
    clock = FakeClock()
    good = AssertionSigner(keys.ours, "gateway", clock).sign("guarded", WHO)
    async with PORTS[port](keys, clock) as ask:
        before = await ask(good)
        clock.now += LIFETIME_S + 10
        assert (before, await ask(good)) == (True, False)


@pytest.mark.parametrize("name", SERVICES)
async def test_no_path_of_a_service_answers_without(keys: Keys, name: str, sqlite_url: str) -> None:
    module = import_module(f"routeiq.{name.replace('-', '_')}.app")
    settings = import_module(f"routeiq.{name.replace('-', '_')}.settings").Settings(
        port=0,
        rpc_port=0,
        ops_port=0,
        identity_public_keys=(keys.public,),
        database_url=sqlite_url,
        encryption_key=ENCRYPTION_KEY,
        migrate=True,
    )
    surroundings = (start_with(None, {"ROUTEIQ_DISCOVERY": "false"}), OutboundPolicy()) if name == "control" else ()
    made = module.create_service(settings, *surroundings)
    async with served(made) as service, httpx.AsyncClient(timeout=PATIENCE_S) as client:
        bare = [await client.request(method, service.url + path) for path in PATHS for method in ("GET", "POST")]
        token = AssertionSigner(keys.ours, "gateway").sign(name, WHO)
        other = AssertionSigner(keys.ours, "gateway").sign("another", WHO)
        twice = await client.get(service.url, headers=[(HEADER, token), (HEADER, token)])
        wrong = await client.get(service.url, headers={HEADER: other})
        right = await client.get(service.url, headers={HEADER: token})
        probes = [await client.get(service.ops_url + path) for path in ("/_health/live", "/_health/ready", "/metrics")]
    assert {answer.status_code for answer in (*bare, twice, wrong)} == {401}
    assert {answer.json()["error"]["code"] for answer in bare} == {"invalid_assertion"}
    assert (right.status_code, [probe.status_code for probe in probes]) == (404, [200, 200, 200])


@pytest.mark.parametrize(("subject", "seen"), [(WHO, repr(WHO)), ("", "nobody"), ("some-id", "nobody")])
async def test_the_application_knows_who_asks(keys: Keys, subject: Principal | str, seen: str) -> None:
    settings = InternalSettings(port=0, ops_port=0, identity_public_keys=(keys.public,))
    app = with_lifespan(who)
    made = internal_service("guarded", app, settings, Readiness("guarded", serving=True), CollectorRegistry())
    token = AssertionSigner(keys.ours, "gateway").sign("guarded", subject)
    async with served(made) as service, httpx.AsyncClient(timeout=PATIENCE_S) as client:
        assert (await client.get(service.url, headers={HEADER: token})).text == seen


async def test_a_call_over_grpc_may_carry_a_principal(keys: Keys) -> None:
    metadata = dict(call_metadata(AssertionSigner(keys.ours, "gateway"), "control", subject=WHO))
    verifier = AssertionVerifier([keys.ours.public_key()], "control")
    assert verifier.verify(metadata["authorization"].removeprefix("Bearer ")).principal == WHO
