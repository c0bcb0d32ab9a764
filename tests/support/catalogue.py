"""Control with models, providers and overrides beside a document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import APIRouter

from routeiq.config.build import build
from routeiq.config.start import Start
from routeiq.control.declared import Declared
from routeiq.control.models.catalogue import Catalogue
from routeiq.control.models.routes import models_router
from routeiq.control.office import Office
from routeiq.control.overrides.routes import overrides_router
from routeiq.control.providers.change import Rules
from routeiq.control.providers.routes import health_router, providers_router
from routeiq.kit.crypto import Sealer
from routeiq.kit.outbound import OutboundPolicy
from routeiq.kit.principal import Principal, Role
from tests.support.config_documents import loaded
from tests.support.control_database import open_patiently
from tests.support.people import NOW, Control, House

SERVICE = Principal("e" * 64, Role.SERVICE)
DOCUMENT = """
    model_list:
    - {model_name: house, litellm_params: {model: openai/gpt-house, api_key: sk-of-the-document, rpm: 5,
       api_base: "http://10.0.0.7/v1"}, model_info: {id: house-1, access_groups: [inside], input_cost_per_token: 1e-6,
       output_cost_per_token: 2e-6, max_input_tokens: 1000, supports_vision: true}}
    - {model_name: plain, litellm_params: {model: simulated/small, api_key: os.environ/NO_SUCH}}
    - {model_name: "wild/*", litellm_params: {model: "openai/*"}}
    routeiq:
      providers:
      - {name: house, base_url: "http://127.0.0.1:9/v1", api_key: sk-declared, models: [a, b], priority: 50}
      overrides:
      - {user_id: first, provider_name: house, model_name: a}
"""
KEYS = ("sk-of-the-document", "sk-declared")


def version(number: int) -> int:
    """The overlay's after so many changes, while the clock stands still."""
    return int(NOW.timestamp() * 1000) + number - 1 if number else 0


def starting(text: str = DOCUMENT, environ: dict[str, str] | None = None) -> Start:
    environ = {"NO_SUCH": "sk-of-the-environment"} if environ is None else environ
    document = loaded(text, environ)
    return Start(build(document, environ), document, environ)


@dataclass
class World:
    """`sealer` is what gateways hold, too."""

    control: Control
    sealer: Sealer
    declared: Declared
    answers: list[str] = field(default_factory=list)
    """Every body that was answered."""

    async def ask(self, method: str, path: str, body: object = None, *, who: Principal = SERVICE) -> httpx.Response:
        async with self.control.asked(who) as client:
            answer = (
                await client.request(method, path, json=body)
                if body is not None
                else await client.request(method, path)
            )
        self.answers.append(answer.text)
        return answer

    async def done(
        self, method: str, path: str, body: object = None, *, who: Principal = SERVICE, status: int = 200
    ) -> Any:
        """The answer's JSON. The answer has that status."""
        answer = await self.ask(method, path, body, who=who)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None


@asynccontextmanager
async def world(
    database_url: str, *, text: str = DOCUMENT, policy: OutboundPolicy | None = None
) -> AsyncIterator[World]:
    """Args: database_url: of a database that was migrated."""
    database, declared = open_patiently(database_url), Declared(starting(text), NOW)
    sealer = Sealer([b"k" * 16 + bytes(range(16))], "provider-keys")
    rules = Rules(declared, sealer, policy or OutboundPolicy())

    def routers(office: Office) -> list[APIRouter]:
        return [
            models_router(office, Catalogue(declared, sealer, rules.policy)),
            providers_router(office, rules),
            health_router(office, database, rules),
            overrides_router(office, declared),
        ]

    try:
        yield World(Control(database, House(routers)), sealer, declared)
    finally:
        await database.close()
