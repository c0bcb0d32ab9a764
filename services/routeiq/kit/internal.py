"""A service that only other services call: its API behind assertions, its health and metrics on the second port."""

from __future__ import annotations

from contextlib import nullcontext

from prometheus_client import CollectorRegistry
from pydantic_settings import BaseSettings

from routeiq.kit.asgi import Answer, ASGIApp, Receive, Scope, Send
from routeiq.kit.assertions import AssertionGuard
from routeiq.kit.build import describe_build
from routeiq.kit.error_bodies import openai_body
from routeiq.kit.errors import ConfigurationError, NotFound
from routeiq.kit.health import Readiness
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.key_files import load_public_key
from routeiq.kit.lifespan import live
from routeiq.kit.ops import OpsApp
from routeiq.kit.server import HTTPServer, bind
from routeiq.kit.service import Service
from routeiq.kit.settings import Paths, Port


class InternalSettings(BaseSettings):
    """What such a service is told. A subclass says its prefix and its ports."""

    host: str = "127.0.0.1"
    port: Port
    ops_port: Port
    identity_public_keys: Paths = ()
    """PEM files of the services that may call. Without one nothing starts: no call would be let in."""

    def verifier(self, audience: str) -> AssertionVerifier:
        """Reads the files. Raises: ConfigurationError: none is named, or one is not a key."""
        if not self.identity_public_keys:
            variable = f"{self.model_config.get('env_prefix', '')}IDENTITY_PUBLIC_KEYS"
            raise ConfigurationError([f"{variable} names no key: no call could be let in"])
        return AssertionVerifier(map(load_public_key, self.identity_public_keys), audience)


def internal_service(
    name: str, app: ASGIApp, settings: InternalSettings, readiness: Readiness, registry: CollectorRegistry
) -> Service:
    """Bound, not yet serving. Raises: ConfigurationError."""
    describe_build(registry)
    guarded = AssertionGuard(app, settings.verifier(name))
    server = HTTPServer(guarded, bind(settings.host, settings.port))
    return Service(name, server, HTTPServer(OpsApp(readiness, registry), bind(settings.host, settings.ops_port)))


def shell(name: str, settings: InternalSettings) -> Service:
    """One that offers nothing yet; ready as soon as it serves."""
    return internal_service(name, _nothing, settings, Readiness(name, serving=True), CollectorRegistry())


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(nullcontext(), receive, send)
    else:
        await Answer(send, []).whole(404, openai_body(NotFound("Not Found")))
