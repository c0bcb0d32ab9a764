"""A service that only other services call: its API behind assertions, its health and metrics on the second port."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Annotated

from prometheus_client import CollectorRegistry
from pydantic import Field
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
    ops_host: str = ""
    """Of the second port; empty: `host`."""
    ops_port: Port
    identity_public_keys: Paths = ()
    """PEM files of the services that may call. Without one nothing starts: no call would be let in."""
    drain_delay_s: Annotated[float, Field(ge=0)] = 0.0
    """After SIGTERM: how long calls are still taken while readiness already says no, for endpoints to notice."""
    drain_s: Annotated[float, Field(gt=0)] = 30.0
    """After that: how long what runs may take."""

    def verifier(self, audience: str) -> AssertionVerifier:
        """Reads the files. Raises: ConfigurationError: none is named, or one is not a key."""
        if not self.identity_public_keys:
            variable = f"{self.model_config.get('env_prefix', '')}IDENTITY_PUBLIC_KEYS"
            raise ConfigurationError([f"{variable} names no key: no call could be let in"])
        return AssertionVerifier(map(load_public_key, self.identity_public_keys), audience)


def bound(
    app: ASGIApp, settings: InternalSettings, readiness: Readiness, registry: CollectorRegistry
) -> tuple[HTTPServer, HTTPServer]:
    """Its own port and the second one. Raises: ConfigurationError."""
    ops = OpsApp(readiness, registry)
    return (
        HTTPServer(app, bind(settings.host, settings.port), drain_s=math.ceil(settings.drain_s)),
        HTTPServer(ops, bind(settings.ops_host or settings.host, settings.ops_port)),
    )


def unready(readiness: Readiness) -> Callable[[], None]:
    """For a service's `on_stop`: from then on readiness says no."""
    return partial(setattr, readiness, "draining", True)


def internal_service(
    name: str, app: ASGIApp, settings: InternalSettings, readiness: Readiness, registry: CollectorRegistry
) -> Service:
    """Bound, not yet serving. Raises: ConfigurationError."""
    describe_build(registry)
    server, ops = bound(AssertionGuard(app, settings.verifier(name)), settings, readiness, registry)
    return Service(name, server, ops, on_stop=unready(readiness), linger_s=settings.drain_delay_s)


def shell(name: str, settings: InternalSettings) -> Service:
    """One that offers nothing yet; ready as soon as it serves."""
    return internal_service(name, _nothing, settings, Readiness(name, serving=True), CollectorRegistry())


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(nullcontext(), receive, send)
    else:
        await Answer(send, []).whole(404, openai_body(NotFound("Not Found")))
