"""What a key comes to: its principal, what it may call, and what governs it. Compiled once, shared by its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING

from routeiq.config.model_access import UNRESTRICTED, ModelAccess
from routeiq.gateway.callers.routes import RouteAccess
from routeiq.kit.principal import Principal

if TYPE_CHECKING:
    from routeiq.gateway.callers.rates import Rates

_NO_NUMBERS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests and tokens a minute, and requests at one time; None: no limit. By model: those that have their own."""

    rpm: int | None = None
    tpm: int | None = None
    max_parallel: int | None = None
    rpm_by_model: Mapping[str, int] = field(default_factory=lambda: _NO_NUMBERS)
    tpm_by_model: Mapping[str, int] = field(default_factory=lambda: _NO_NUMBERS)


@dataclass(frozen=True, slots=True)
class Budget:
    """`id`: of a shared one. `duration`: as LiteLLM writes it; empty: for good. `reset_at`: Unix seconds; 0: never.
    `period`: its number, which grows. `spent_nano_usd`: in that, as far as the ledger was when control answered."""

    id: str = ""
    max_nano_usd: int | None = None
    soft_nano_usd: int | None = None
    duration: str = ""
    reset_at: int = 0
    period: int = 0
    spent_nano_usd: int = 0


NO_LIMITS, NO_BUDGET = Limits(), Budget()
_NO_BUDGETS: Mapping[str, Budget] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom limits and a budget belong to: the key, its user, its team, or its user in that team. `kind`, and mostly
    `id`: its account's (`clients.control_accounts`). `spend_nano_usd`: as control last knew it. `account_id`: a
    key's account's, whatever text it has; empty: it is `id`."""

    kind: str
    id: str
    limits: Limits = NO_LIMITS
    budget: Budget = NO_BUDGET
    spend_nano_usd: int = 0
    budgets_by_model: Mapping[str, Budget] = field(default_factory=lambda: _NO_BUDGETS)
    account_id: str = ""

    @property
    def counted_as(self) -> str:
        """The id under which it spends, and its requests are counted."""
        return self.account_id or self.id


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """A verified one. It never changes: who is changed is resolved again.

    `routes`: None: all that its role may. `expires_at`: Unix seconds. `holders`: those that have a limit or a budget;
    mostly none. `name`: `sk-...` and the key's last characters, for messages. `resets_at`: when the first of the
    budgets begins anew, and control says it better; Unix seconds. `rates`: what of their limits counts by the minute;
    mostly nothing. `account_id`: the key's; empty: its hash."""

    principal: Principal
    models: ModelAccess = UNRESTRICTED
    routes: RouteAccess | None = None
    expires_at: float = inf
    holders: tuple[Holder, ...] = ()
    tags: tuple[str, ...] = ()
    name: str = ""
    resets_at: float = inf
    rates: Rates | None = None
    account_id: str = ""

    @property
    def key_id(self) -> str:
        return self.principal.key_id


CALLER = "routeiq.caller"
"""Where an ASGI scope inside the gateway has it."""


def caller_in(scope: Mapping[str, object]) -> Caller:
    """Whom the edge has verified."""
    found = scope[CALLER]
    assert isinstance(found, Caller), "the access table asks for a key here"
    return found
