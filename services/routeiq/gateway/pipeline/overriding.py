"""A customer's override: which one holds, and what serves it. For the service goes before for any, and the document
before what was added by API.

One that cannot be followed is passed over, and the decision says so; where the settings are strict, the request is
refused instead."""

from __future__ import annotations

from routeiq.config.model_access import ModelAccess
from routeiq.config.state import Deployment, Group, Mode, ModelName, State
from routeiq.gateway.callers.overrides import NO_OVERRIDE, Customer, Override, Overrides
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Call, Context
from routeiq.gateway.pipeline.permitted import may_be_served
from routeiq.gateway.pipeline.quotas import Quotas
from routeiq.gateway.upstream.spoken import speaks
from routeiq.kit.errors import Unavailable

MOST_KEPT = 1024
SKIPPED, UNANSWERED = "override_skipped", "override_unknown"
OVERRIDDEN, REASON = "override", "customer_override"
"""Strategy and reason of such a decision."""


class OverrideUnserved(Unavailable):
    """Where the settings are strict: a customer has an override that nothing can serve now, or control cannot say."""

    code = "override_unavailable"


class Overriding:
    """Of one gateway. Args: overrides: None: those of the document alone.  strict: none is passed over."""

    def __init__(
        self, overrides: Overrides | None = None, quotas: Quotas | None = None, *, strict: bool = False
    ) -> None:
        self._overrides, self._quotas, self._strict = overrides, quotas, strict
        self._state: State | None = None
        self._declared: dict[Customer, Override] = {}
        self._served: dict[tuple[ModelAccess, Endpoint, Override], tuple[Deployment, ...]] = {}

    def known(self, state: State, customer: Customer) -> Override | None:
        """`NO_OVERRIDE`: none holds. None: it takes `get`."""
        self._follow(state)
        own = self._declared.get(customer) if customer.service else None
        if own is not None:
            return own
        said = self._overrides.at_once(customer) if self._overrides is not None else NO_OVERRIDE
        return None if said is None else self._preferred(customer, said)

    async def get(self, state: State, customer: Customer) -> Override | None:
        """None: control cannot say, and the document does not. Raises: OverrideUnserved."""
        found = self.known(state, customer)
        if found is not None or self._overrides is None:
            return found
        try:
            said: Override | None = await self._overrides.get(customer)
        except Unavailable:
            self.check()
            said = None
        self._follow(state)
        declared = self._declared.get(Customer(customer.user_id, ""))
        return declared if said is None else self._preferred(customer, said)

    def check(self) -> None:
        """Call it before one is passed over. Raises: OverrideUnserved."""
        if self._strict:
            raise OverrideUnserved("The model that is set for this customer is not available.")

    @property
    def strict(self) -> bool:
        return self._strict

    def members(self, context: Context, override: Override) -> tuple[Deployment, ...]:
        """Who serves it. Empty: nobody can now."""
        self._follow(context.state)
        key = (context.caller.models, context.call.endpoint, override)
        members = self._served.get(key)
        if members is None:
            if len(self._served) >= MOST_KEPT:
                self._served.clear()
            members = self._served[key] = _served_by(context, override)
        if members and self._quotas is not None and self._quotas.left(members[0].quota):
            return ()
        return members

    def _preferred(self, customer: Customer, said: Override) -> Override:
        return said if said.specific else self._declared.get(Customer(customer.user_id, ""), said)

    def _follow(self, state: State) -> None:
        if state is not self._state:
            self._state, self._served = state, {}
            self._declared = {
                Customer(one.user_id, one.service_name or ""): Override(
                    one.provider_name, one.model_name, bool(one.service_name)
                )
                for one in state.overrides
            }


def _served_by(context: Context, override: Override) -> tuple[Deployment, ...]:
    """Empty where its provider is gone or disabled, does not serve the endpoint, or is not for this caller, who could
    otherwise reach any customer's model by naming the customer."""
    state, call = context.state, context.call
    name = f"{override.provider}/{override.model}"
    providers = [one for one in state.providers if one.name == override.provider and one.is_enabled]
    members = tuple(model for one in providers for model in one.models if model.group == name)
    if not members or not may_be_served(state, context.caller.models, name, Group(ModelName(name), members)):
        return ()
    return tuple(one for one in members if _serves(one, call))


def _serves(one: Deployment, call: Call) -> bool:
    wanted = Mode.EMBEDDING if call.endpoint is Endpoint.EMBEDDINGS else Mode.CHAT
    return one.mode in (wanted, Mode.OTHER) and speaks(one.provider, call.endpoint)
