"""Callers with budgets, a gateway that minds them, and a ledger that says what the test has written into it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.clients.control_accounts import Account
from routeiq.config.state import Deployment, ProviderEntry
from routeiq.gateway.app import Edge, create_app
from routeiq.gateway.callers.caller import Budget, Caller, Holder, Limits
from routeiq.gateway.pipeline.spend import Spend
from routeiq.gateway.plan import Usage
from routeiq.gateway.spending.book import Book
from routeiq.gateway.spending.estimates import Estimates
from routeiq.gateway.upstream.provider import Provider
from routeiq.kit.errors import Unavailable
from routeiq.kit.metrics import Counts
from routeiq.kit.money import NANO
from routeiq.kit.principal import Principal, Role
from tests.support.asgi import Answer, call, scope
from tests.support.gateway import make_gateway
from tests.support.twins import TwinProvider, TwinResponse, TwinRouting, decision, deployment, state

KEY_HASH = "h" * 64
VIRTUAL = ("authorization", "Bearer sk-a-virtual-key")
NANO_A_TOKEN = 1000
CHAT = b'{"model":"small","messages":[{"role":"user","content":"hi"}]}'
LIMITED = CHAT[:-1] + b',"max_tokens":50}'


def cost_at_most(deployment: Deployment, input_tokens: int, output_tokens: int) -> int | None:
    """By the two prices of a deployment of tests."""
    if deployment.input_price is None or deployment.output_price is None:
        return None
    return round((input_tokens * deployment.input_price + output_tokens * deployment.output_price) * NANO)


def cost_of(deployment: Deployment, usage: Usage) -> int | None:
    return cost_at_most(deployment, usage.input_tokens, usage.output_tokens)


class Priced(NamedTuple):
    """An answer of so many tokens, whole and as a stream."""

    tokens: int

    @property
    def usage(self) -> bytes:
        return b'"usage":{"prompt_tokens":0,"completion_tokens":%d}' % self.tokens

    def whole(self, text: bytes = b"") -> TwinResponse:
        choice = b'{"index":0,"message":{"role":"assistant","content":"%b"},"finish_reason":"stop"}' % text
        return TwinResponse(200, (b'{"id":"x","object":"chat.completion","choices":[%b],%b}' % (choice, self.usage),))


def caller(*holders: Holder, alias: str = "", role: Role = Role.USER) -> Caller:
    principal = Principal(KEY_HASH, role, "user-1", "team-1", alias)
    return Caller(principal, holders=holders, name="sk-...abcd")


def holder(most: int | None, *, kind: str = "key", spent: int = 0, parallel: int | None = None) -> Holder:
    id_ = {"key": KEY_HASH, "user": "user-1", "team": "team-1", "member": "team-1/user-1"}[kind]
    return Holder(kind, id_, Limits(max_parallel=parallel), Budget(max_nano_usd=most, spent_nano_usd=spent))


class Known:
    """Whoever comes with a virtual key is `caller`."""

    def __init__(self, known: Caller) -> None:
        self.caller = known

    def at_once(self, mark: bytes) -> Caller:
        return self.caller


def gateway(
    known: Caller,
    provider: Provider | None = None,
    book: Book | None = None,
    *,
    status: int = 422,
    kind: str = "simulated",
    offered: bool = False,
) -> tuple[Edge, Spend, Counts]:
    """Args: kind: of its deployments.  offered: one is offered by the LLM Gateway API.

    Its models cost `NANO_A_TOKEN` for each token of output, and nothing for input."""
    registry = CollectorRegistry()
    refused = Counts("gateway_budget_refusals", "as the test says", ["what", "holder"], registry)
    fields = {"input_price": 0.0, "output_price": NANO_A_TOKEN / 1e9, "provider": kind}
    one = deployment("simulated/small", **fields)
    providers = (ProviderEntry("simulated", "Simulated", None, (one,)),) if offered else ()
    served = state(deployment("small", **fields), deployment("large", **fields), providers=providers)
    spend = Spend(book or Book(), Estimates(cost_at_most), cost_of, status=status, refused=refused)
    made = make_gateway(
        served, provider or TwinProvider(Priced(50).whole()), TwinRouting(decision("large")),
        callers=Known(known), spend=spend,  # type: ignore[arg-type]  # a twin
    )  # fmt: skip
    return create_app(made), spend, refused


async def ask(app: Edge, body: bytes = LIMITED, path: str = "/v1/chat/completions") -> Answer:
    return await call(app, scope(path=path, headers=[VIRTUAL]), body)


def figures(book: Book, of: Holder, model: str = "") -> tuple[int, int]:
    """Spent and held, as far as the gateway's own book knows."""
    account = book.own.get(Account(of.kind, of.id, model).name)
    assert account is not None, "nobody has asked for it"
    return account.spent, account.held


class Ledger:
    """Of control. `write` is what its consumer does with a journal's records."""

    def __init__(self) -> None:
        self.spent: dict[Account, int] = {}
        self.marks: dict[str, int] = {}
        self.deleted: set[Account] = set()
        self.away = False
        self.asked: list[Collection[Account]] = []

    def write(self, journal: str, sequence: int, costs: Mapping[Account, int]) -> None:
        self.marks[journal] = sequence
        for account, cost in costs.items():
            self.spent[account] = self.spent.get(account, 0) + cost

    async def read(self, accounts: Collection[Account], journals: Collection[str]) -> pb.ReadLedgerResponse:
        if self.away:
            raise Unavailable("as the test says")
        self.asked.append(accounts)
        await asyncio.sleep(0)
        return pb.ReadLedgerResponse(
            watermarks=[pb.Watermark(journal=one, sequence=mark) for one, mark in self.marks.items()],
            spending=[
                pb.Spending(
                    account=pb.Account(kind=one.kind, id=one.id, model=one.model),
                    budget=pb.Budget(spent_nano_usd=self.spent.get(one, 0)),
                )
                for one in accounts
                if one not in self.deleted
            ],
        )
