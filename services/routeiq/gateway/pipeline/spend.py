"""Reserve what a request can cost against the budgets of its key, user, team and member, and settle what it did cost
after the last byte. Amounts are integer nano-USD. Who has neither a budget nor a limit of requests at one time pays
nothing here, and by the book of this gateway alone nobody waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from routeiq.config.state import Deployment
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.plan import Outcome
from routeiq.gateway.spending.book import Book
from routeiq.gateway.spending.estimates import CostOf, Estimates
from routeiq.gateway.spending.needs import CallersNeeds, Needs
from routeiq.gateway.spending.refusals import budget_exceeded, budget_message, too_many
from routeiq.kit.accounts import Claim, Refused, Verdict
from routeiq.kit.errors import RouteIQError
from routeiq.kit.ids import uuid7
from routeiq.kit.metrics import Counts

STATUS: Final = 422


class Written(Protocol):
    """The record of a request that is over."""

    @property
    def journal(self) -> str: ...

    @property
    def sequence(self) -> int: ...

    @property
    def cost_nano_usd(self) -> int | None: ...


class Reserved:
    """Of one request. Say once how it ended: `over`, or `release` before anything was asked of anybody."""

    __slots__ = ("_claims", "_id", "_input_bytes", "_needs", "_spend")

    def __init__(self, spend: Spend, needs: Needs, id_: str, claims: Sequence[Claim], input_bytes: int) -> None:
        self._spend, self._needs, self._id = spend, needs, id_
        self._claims, self._input_bytes = claims, input_bytes

    def over(self, outcome: Outcome, written: Written | None = None) -> None:
        """Args: written: None: there is no journal."""
        spend, usage, served = self._spend, outcome.usage, outcome.deployment
        known = usage is not None and served is not None
        if known and self._input_bytes:
            spend.estimates.learn(served, self._input_bytes, usage)  # type: ignore[arg-type]  # both are known
        if written is not None and written.journal:
            cost = written.cost_nano_usd
            spend.book.settle(self._id, self._costs(cost, served), written.journal, written.sequence)
        else:
            cost = spend.cost_of(served, usage) if known else None  # type: ignore[arg-type]  # as above
            spend.book.settle(self._id, self._costs(cost, served))

    def release(self) -> None:
        self._spend.book.settle(self._id, [(claim.account, None) for claim in self._claims])

    def _costs(self, cost: int | None, served: Deployment | None) -> list[tuple[str, int | None]]:
        """Of each account. A budget for one model pays for what that served, also where another was asked for."""
        needs = self._needs
        if not needs.places and not needs.by_model:
            return [(claim.account, cost) for claim in self._claims]
        found: dict[str, int | None] = {claim.account: None for claim in self._claims}
        for need in needs.budgets:
            found[need.account] = cost
        own = needs.of_model(served.billed_as) if served is not None else None
        if own is not None:
            found[own.account] = cost
        return list(found.items())


class Spend:
    """The stage, of one gateway. Args: status: of the answer to who has nothing left.  refused: counts, by who."""

    def __init__(
        self,
        book: Book,
        estimates: Estimates,
        cost_of: CostOf,
        *,
        status: int = STATUS,
        refused: Counts | None = None,
    ) -> None:
        self.book, self.estimates, self.cost_of = book, estimates, cost_of
        self._status, self._refused = status, refused
        self._needs = CallersNeeds()

    def governs(self, caller: Caller) -> bool:
        """Whether the caller's requests need any of this."""
        return self._needs.of(caller) is not None

    def reserve_now(self, context: Context, deployments: Sequence[Deployment]) -> Reserved | None:
        """Where `book.waits` is not so. None: there is nothing to reserve.

        Raises: BudgetExceeded, BudgetExceededForNow, TooManyAtOnce, BudgetsUnavailable."""
        needs = self._needs.of(context.caller)
        if needs is None:
            return None
        claims, input_bytes = self._claims(context, deployments, needs)
        id_ = uuid7()
        verdict = self.book.reserve_now(id_, claims, needs.brought)
        if isinstance(verdict, Refused):
            raise self._refusal(context.caller, needs, verdict)
        return Reserved(self, needs, id_, claims, input_bytes)

    async def reserve(self, context: Context, deployments: Sequence[Deployment]) -> Reserved | None:
        """Everywhere. As above."""
        needs = self._needs.of(context.caller)
        if needs is None:
            return None
        claims, input_bytes = self._claims(context, deployments, needs)
        id_ = uuid7()
        verdict: Verdict = await self.book.reserve(id_, claims, needs.brought)
        if isinstance(verdict, Refused):
            raise self._refusal(context.caller, needs, verdict)
        return Reserved(self, needs, id_, claims, input_bytes)

    def _claims(self, context: Context, deployments: Sequence[Deployment], needs: Needs) -> tuple[list[Claim], int]:
        """And the bytes of the prompt; 0: nobody has looked."""
        claims = [claim for claim, _ in needs.places]
        budgets, call = needs.priced(deployments[0].billed_as), context.call
        if not budgets:
            return claims, 0
        amount, guessed, input_bytes = self.estimates.of(call.endpoint, call.body, deployments)
        for need in budgets:
            claims.append(Claim(need.account, need.most, amount, guessed, need.period))
        return claims, input_bytes

    def _refusal(self, caller: Caller, needs: Needs, refused: Refused) -> RouteIQError:
        claim = refused.claim
        need = needs.holders.get(claim.account)
        holder = need.holder if need is not None else next(one for place, one in needs.places if place is claim)
        if self._refused is not None:
            self._refused.by[("parallel" if need is None else "budget", holder.kind)] += 1
        if need is None:
            return too_many(holder, claim.most)
        message = budget_message(caller, holder, need.model, refused.spent + refused.held, claim)
        return budget_exceeded(self._status, message, need.budget)
