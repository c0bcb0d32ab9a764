"""A gateway for `/api/v1/generate`, with twins of providers and of the routing service."""

from __future__ import annotations

import json
from collections.abc import Mapping

from routeiq.clients.routing import RoutingUnavailable
from routeiq.config.quota import Quota
from routeiq.config.state import Deployment, OverrideEntry, ProviderEntry, RoutingSettings, State
from routeiq.gateway.app import Edge, create_app
from routeiq.gateway.gateway import Gateway
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.requests import UpstreamRequest
from tests.support.asgi import Answer, call, scope
from tests.support.gateway import make_gateway
from tests.support.twins import TwinResponse, TwinRouting, deployment

SERVICE = ("x-service-key", "a-service-key-of-the-tests")
BODY: dict[str, object] = {"user_id": "ada", "service": "docs", "prompt": "What is a prime?"}
AWAY = RoutingUnavailable("routing_unavailable")


def completion(text: str = "Two.", usage: Mapping[str, int] | None = None) -> TwinResponse:
    used = {"prompt_tokens": 3, "completion_tokens": 5} if usage is None else dict(usage)
    body = {"choices": [{"message": {"role": "assistant", "content": text}}], "usage": used or None}
    return TwinResponse(200, [json.dumps(body).encode()])


def refusal(status: int, message: str = "no", **headers: str) -> TwinResponse:
    body = json.dumps({"error": {"message": message, "type": "x", "param": None, "code": None}}).encode()
    return TwinResponse(status, [body], {"content-type": "application/json", **headers})


class Upstreams:
    """Answers by `<provider>/<model>`; who is not named answers with a completion."""

    def __init__(self, **answers: UpstreamResponse | Exception) -> None:
        self.answers = {name.replace("__", "/"): answer for name, answer in answers.items()}
        self.calls: list[str] = []
        self.bodies: list[dict[str, object]] = []

    async def send(self, request: UpstreamRequest, to: Deployment) -> UpstreamResponse:
        self.calls.append(to.group)
        self.bodies.append({name: json.loads(bytes(value)) for name, value in request.body.items()})
        answer = self.answers.get(to.group) or completion(f"from {to.group}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing is open."""


def provider(
    name: str, *models: str, priority: int = 10, rpm: int = 1000, tpm: int = 10**6, **fields: object
) -> ProviderEntry:
    own = tuple(
        deployment(f"{name}/{model}", model=model, quota=Quota(name, rpm, tpm), like=model, **fields)
        for model in models or ("m",)
    )
    return ProviderEntry(name, name, None, own, rate_limit_rpm=rpm, rate_limit_tpm=tpm, priority=priority)


def of(*providers: ProviderEntry, retries: int = 0, overrides: tuple[OverrideEntry, ...] = ()) -> State:
    routing = RoutingSettings(num_retries=retries)
    return State("c1.s0", {}, routing, providers=providers, overrides=overrides, has_overrides=bool(overrides))


def made(served: State, upstreams: Upstreams, routing: TwinRouting | None = None, **fields: object) -> Gateway:
    return make_gateway(
        served, upstreams, routing or TwinRouting(AWAY), service_keys=[SERVICE[1]], **fields,  # type: ignore[arg-type]
    )  # fmt: skip


async def ask(app: Edge | Gateway, headers: tuple[tuple[str, str], ...] = (SERVICE,), **fields: object) -> Answer:
    edge = create_app(app) if isinstance(app, Gateway) else app
    body = json.dumps({**BODY, **fields}).encode()
    return await call(edge, scope("POST", "/api/v1/generate", list(headers)), body)


def said(answer: Answer, status: int = 200) -> dict[str, object]:
    assert answer.status == status, answer.body
    found: dict[str, object] = json.loads(answer.body)
    return found


TWO = (provider("low", priority=1), provider("high", "a", "b", priority=9))
