"""Which model of which provider answers a request of the LLM Gateway API, which names none (contract, section 4).

An override for the customer and the service, one for the customer; then learned routing among the models of enabled
providers whose quality was measured; else the first model of the provider of the highest priority, the name settling
ties. Behind whichever it is stand the other providers in that order, each with its first model, for when it fails. Who
has had all that it may have in this minute is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import msgspec

from routeiq.config.model_access import ModelAccess
from routeiq.config.state import OFFERED, Deployment, Group, Mode, State
from routeiq.gateway.callers.overrides import NO_OVERRIDE
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.customer import customer_of
from routeiq.gateway.pipeline.learned import LearnedRouter, Question
from routeiq.gateway.pipeline.objective import HEADER, cost_weight
from routeiq.gateway.pipeline.overriding import OVERRIDDEN, REASON, SKIPPED, UNANSWERED, Overriding
from routeiq.gateway.pipeline.permitted import may_be_served
from routeiq.gateway.pipeline.quotas import Quotas
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.pipeline.slates import NoEligibleModel
from routeiq.gateway.plan import Decision
from routeiq.gateway.upstream.spoken import speaks
from routeiq.kit.errors import RateLimited, Unavailable
from routeiq.kit.ids import uuid7

PRIORITY = "priority"
MEASURED = "highest_utility_measured"
"""Routing preferred a model of which it only knows the price."""
MOST_KEPT = 64


class NoProvider(Unavailable):
    code = "no_provider"


class Offer(msgspec.Struct, frozen=True):
    """Of one state, for one access. `models`: all that may be called. `firsts`: one of each provider, best first."""

    models: tuple[Deployment, ...]
    firsts: tuple[Deployment, ...]

    @property
    def group(self) -> Group:
        return Group(OFFERED, self.models, learned=True)


class ProviderChoice:
    """Of one gateway."""

    def __init__(self, learned: LearnedRouter, overriding: Overriding, quotas: Quotas) -> None:
        self._learned, self._overriding, self._quotas = learned, overriding, quotas
        self._state: State | None = None
        self._offers: dict[ModelAccess, Offer] = {}

    async def select(self, context: Context) -> Selection:
        """Deployments in the order to try, each of another provider.

        Raises: NoProvider, RateLimited, OverrideUnserved, InvalidRequest (an objective that means nothing)."""
        offer = self._offer(context.state, context.caller.models)
        if not offer.firsts:
            raise NoProvider("No enabled provider has a model for this request.", retry_after_s=60)
        overridden, note = await self._overridden(context)
        if overridden is not None:
            return self._behind(overridden, offer, Decision(uuid7(), overridden.candidate, OVERRIDDEN, REASON))
        fit = self._fit(offer.firsts)
        if not fit:
            raise self._limited(offer.firsts)
        learned = await self._routed(context, offer, note) if len(offer.models) > 1 else None
        if learned is not None and learned.decision.strategy != PRIORITY:
            return self._behind(learned.deployments[0], offer, learned.decision)
        fallback = learned.decision.fallback if learned is not None else ""
        decision = Decision(uuid7(), fit[0].candidate, PRIORITY, _with(PRIORITY, note), fallback=fallback)
        return Selection(fit, decision)

    async def _overridden(self, context: Context) -> tuple[Deployment | None, str]:
        """(who serves the customer, or None, and what to say of an override that is passed over)."""
        customer = customer_of(context)
        if customer is None or not context.state.has_overrides:
            return None, ""
        override = await self._overriding.get(context.state, customer)
        if override is None:
            return None, UNANSWERED
        if override == NO_OVERRIDE:
            return None, ""
        members = self._overriding.members(context, override)
        if members:
            return members[0], ""
        self._overriding.check()
        return None, SKIPPED

    async def _routed(self, context: Context, offer: Offer, note: str) -> Selection | None:
        """A learned choice. Of strategy `priority`: there is none, and its decision's fallback says why, if anything
        went wrong. None: no model can serve the request by what is known of them."""
        state, call = context.state, context.call
        weight = cost_weight(context.header(HEADER), state.routing.cost_weight)
        view = self._learned.prompts.view(call.body, call.endpoint)
        permitted = frozenset(one.candidate for one in offer.models) if context.caller.models.levels else None
        question = Question(
            state, offer.group, view, weight, context.request_id, body=call.body, permitted=permitted, note=note
        )
        try:
            found = await self._learned.route(question, remember=False)
        except NoEligibleModel:
            return None
        return self._measured(found, offer, note)

    def _measured(self, found: Selection, offer: Offer, note: str) -> Selection:
        """The best of those whose quality is known, and who may be called now. Scores come best utility first."""
        decision, by_name = found.decision, {one.candidate: one for one in offer.models}
        scores = found.response.scores if found.response is not None and not decision.fallback else ()
        known = (one for one in scores if not one.prior and one.model in by_name)
        best = next((one for one in known if self._fit((by_name[one.model],))), None)
        if best is None:
            return found.among(found.deployments, decision.by(PRIORITY), found.fallbacks)
        if best.model != decision.model:
            decision = decision.instead(best.model, _with(MEASURED, note), best.quality)
        return found.among((by_name[best.model],), decision, found.fallbacks)

    def _behind(self, first: Deployment, offer: Offer, decision: Decision) -> Selection:
        """`first`, and then the others by priority. Strict settings let nobody else answer an override."""
        if self._overriding.strict and decision.strategy == OVERRIDDEN:
            return Selection((first,), decision)
        others = tuple(one for one in offer.firsts if one.quota != first.quota)
        return Selection((first, *self._fit(others)), decision)

    def _fit(self, models: Sequence[Deployment]) -> tuple[Deployment, ...]:
        """Those who have something left of this minute."""
        return tuple(one for one in models if not self._quotas.left(one.quota))

    def _limited(self, models: Sequence[Deployment]) -> RateLimited:
        wait_s = min(self._quotas.left(one.quota) for one in models)
        return RateLimited(
            "Every enabled provider has had all that it may have in this minute.", retry_after_s=max(ceil(wait_s), 1)
        )

    def _offer(self, state: State, access: ModelAccess) -> Offer:
        if state is not self._state or len(self._offers) > MOST_KEPT:
            self._state, self._offers = state, {}
        offer = self._offers.get(access)
        if offer is None:
            offer = self._offers[access] = _offered(state, access)
        return offer


def _offered(state: State, access: ModelAccess) -> Offer:
    enabled = sorted((one for one in state.providers if one.is_enabled), key=lambda one: (-one.priority, one.name))
    models = [tuple(one for one in provider.models if _serves(state, access, one)) for provider in enabled]
    return Offer(tuple(one for own in models for one in own), tuple(own[0] for own in models if own))


def _serves(state: State, access: ModelAccess, one: Deployment) -> bool:
    chats = one.mode in (Mode.CHAT, Mode.OTHER) and speaks(one.provider, Endpoint.CHAT)
    return chats and may_be_served(state, access, one.group, Group(one.group, (one,)))


def _with(reason: str, note: str) -> str:
    return f"{reason},{note}" if note else reason
