"""Serve gRPC on asyncio, the same way for every service: guarded, with health and reflection. `rpc_client` is the other
end. Runs on any loop (uvloop too). Messages are at most 16 MiB."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.rpc_client import BOTH_ENDS
from routeiq.kit.rpc_guard import Guard

_SERVER = [
    *BOTH_ENDS,
    ("grpc.so_reuseport", 0),  # a port in use is an error, not a share of its calls
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
]


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

    def bind(self, host: str, port: int) -> str:
        """Take the port, so that the address is known before anything answers there. Port 0 takes a free one.

        Returns: the address, `host:port`.  Raises: ConfigurationError: nothing can listen there."""
        name = f"[{host}]" if ":" in host else host
        try:
            bound = self.grpc.add_insecure_port(f"{name}:{port}")
        except RuntimeError:
            raise ConfigurationError([f"cannot listen on {name}:{port}: is it in use?"]) from None
        return f"{name}:{bound}"

    async def answer(self) -> None:
        """Begin, on what was bound, with what was added."""
        reflection.enable_server_reflection((*self._services[1:], reflection.SERVICE_NAME), self.grpc)
        await self.set_serving(False)
        await self.grpc.start()

    async def start(self, host: str, port: int) -> str:
        """Both. Returns: the address.  Raises: ConfigurationError: as `bind`."""
        address = self.bind(host, port)
        await self.answer()
        return address

    async def set_serving(self, serving: bool) -> None:
        """What grpc.health.v1 answers, for the server and each of its services."""
        status = health_pb2.HealthCheckResponse
        for service in self._services:
            await self._health.set(service, status.SERVING if serving else status.NOT_SERVING)

    async def stop(self, grace_s: float) -> None:
        """Report NOT_SERVING, take no more calls, and give those that run `grace_s` seconds. Idempotent."""
        await self._health.enter_graceful_shutdown()
        await self.grpc.stop(grace_s)
