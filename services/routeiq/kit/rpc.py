"""gRPC on asyncio, the same way for every service: a guarded server with health and reflection, and a channel whose
calls carry an assertion. Runs on any loop (uvloop too). Messages are at most 16 MiB."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.identity import AssertionSigner, AssertionVerifier
from routeiq.kit.rpc_guard import AUTHORIZATION, REQUEST_ID, Guard

MAX_MESSAGE_BYTES = 16 * 1024 * 1024

_BOTH = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
]
_SERVER = [
    *_BOTH,
    ("grpc.so_reuseport", 0),  # a port in use is an error, not a share of its calls
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
]
_CLIENT = [
    *_BOTH,
    ("grpc.enable_retries", 0),  # the typed clients retry, within the caller's deadline
    ("grpc.enable_http_proxy", 0),  # calls between services never go through a proxy
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]

Metadata = tuple[tuple[str, str], ...]


class RpcServer:
    """One listening server. Make it inside the running loop; it answers health probes NOT_SERVING until told."""

    def __init__(self, verifier: AssertionVerifier) -> None:
        self.grpc = grpc.aio.server(interceptors=(Guard(verifier),), options=_SERVER)
        self._health = health.aio.HealthServicer()
        self._services = ["", health.SERVICE_NAME]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.grpc)

    def add(self, service: str, register: Callable[[grpc.aio.Server], None]) -> None:
        """Offer a service, by its full name, through the generated `add_*_to_server`."""
        register(self.grpc)
        self._services.append(service)

    async def start(self, host: str, port: int) -> str:
        """Listen. Port 0 takes a free one. Returns: the address, `host:port`.

        Raises: ConfigurationError: nothing can listen there."""
        reflection.enable_server_reflection((*self._services[1:], reflection.SERVICE_NAME), self.grpc)
        await self.set_serving(False)
        name = f"[{host}]" if ":" in host else host
        try:
            bound = self.grpc.add_insecure_port(f"{name}:{port}")
        except RuntimeError:
            raise ConfigurationError([f"cannot listen on {name}:{port}: is it in use?"]) from None
        await self.grpc.start()
        return f"{name}:{bound}"

    async def set_serving(self, serving: bool) -> None:
        """What grpc.health.v1 answers, for the server and each of its services."""
        status = health_pb2.HealthCheckResponse
        for service in self._services:
            await self._health.set(service, status.SERVING if serving else status.NOT_SERVING)

    async def stop(self, grace_s: float) -> None:
        """Report NOT_SERVING, take no more calls, and give those that run `grace_s` seconds. Idempotent."""
        await self._health.enter_graceful_shutdown()
        await self.grpc.stop(grace_s)


def open_channel(address: str) -> grpc.aio.Channel:
    """A channel inside the cluster or the machine, without TLS. Open it in the running loop; its user closes it."""
    return grpc.aio.insecure_channel(address, options=_CLIENT)


def call_metadata(signer: AssertionSigner, audience: str, *, subject: str = "", request_id: str = "") -> Metadata:
    """What each call carries: the assertion for `audience` and, if given, the request id."""
    authorization = (AUTHORIZATION, f"Bearer {signer.sign(audience, subject)}")
    return (authorization, (REQUEST_ID, request_id)) if request_id else (authorization,)
