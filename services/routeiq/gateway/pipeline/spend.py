"""Reserve what a request can cost against the budgets of its key, user, team and member, and settle what it did cost
after the last byte. Amounts are integer nano-USD.

What a request may fall back to, and has a budget of its own, is reserved from that too; where nothing is left of it,
there is no falling back to it. Who has neither a budget nor a limit of requests at one time pays nothing here, and by
the book of this gateway alone nobody waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from routeiq.config.state import Deployment
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.plan import Outcome
from routeiq.gateway.spending.book import Book
from routeiq.gateway.spending.estimates import CostOf, Estimates
from routeiq.gateway.spending.needs import CallersNeeds, Need, Needs
from routeiq.gateway.spending.refusals import budget_exceeded, budget_message, too_many
from routeiq.gateway.spending.request_size import RequestSize
from routeiq.kit.accounts import Claim, Refused, Verdict
from routeiq.kit.errors import RouteIQError
from routeiq.kit.ids import uuid7
from routeiq.kit.metrics import Counts

STATUS: Final = 422
_NOBODY: Final[frozenset[str]] = frozenset()


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

    __slots__ = ("_claims", "_needs", "_spend", "barred", "id", "size")

    def __init__(self, spend: Spend, needs: Needs, id_: str, claims: list[Claim], size: RequestSize | None) -> None:
        self._spend, self._needs, self._claims = spend, needs, claims
        self.id = id_
        """Also of the request's record."""
        self.size = size
        """The request's; None: nobody has looked."""
        self.barred = _NOBODY
        """Accounts of models that are not to serve it, since their budgets cannot pay for it."""

    def allows(self, deployment: Deployment) -> bool:
        """Whether it may serve."""
        need = self._needs.of_model(deployment.billed_as)
        return need is None or need.account not in self.barred

    def found(self, claim: Claim, verdict: Verdict) -> None:
        """Of the budget of another model."""
        if isinstance(verdict, Refused):
            self.barred |= {claim.account}
        else:
            self._claims.append(claim)

    def over(self, outcome: Outcome, written: Written | None = None) -> None:
        """Args: written: None: there is no journal."""
        spend, usage, served = self._spend, outcome.usage, outcome.deployment
        known = usage is not None and served is not None
        if known and self.size is not None and self.size.prompt:
            spend.estimates.learn(served, self.size.prompt, usage)  # type: ignore[arg-type]  # both are known
        journal = written.journal if written is not None else ""
        if written is not None and journal:
            cost = written.cost_nano_usd
            spend.book.settle(self.id, self._costs(cost, served), journal, written.sequence)
        else:
            cost = spend.cost_of(served, usage) if known else None  # type: ignore[arg-type]  # as above
            spend.book.settle(self.id, self._costs(cost, served))

    def release(self) -> None:
        self._spend.book.settle(self.id, [(claim.account, None) for claim in self._claims])

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
        claims, size = self._claims(context, deployments, needs)
        id_ = uuid7()
        verdict = self.book.reserve_now(id_, claims, needs.brought)
        if isinstance(verdict, Refused):
            raise self._refusal(context.caller, needs, verdict)
        reserved = Reserved(self, needs, id_, claims, size)
        for claim in self._others(context, deployments, needs):
            reserved.found(claim, self.book.reserve_now(id_, [claim], needs.brought))
        return reserved

    async def reserve(self, context: Context, deployments: Sequence[Deployment]) -> Reserved | None:
        """Everywhere. As above."""
        needs = self._needs.of(context.caller)
        if needs is None:
            return None
        claims, size = self._claims(context, deployments, needs)
        id_ = uuid7()
        verdict: Verdict = await self.book.reserve(id_, claims, needs.brought)
        if isinstance(verdict, Refused):
            raise self._refusal(context.caller, needs, verdict)
        reserved = Reserved(self, needs, id_, claims, size)
        try:
            for claim in self._others(context, deployments, needs):
                reserved.found(claim, await self.book.reserve(id_, [claim], needs.brought))
        except BaseException:
            reserved.release()
            raise
        return reserved

    def _claims(
        self, context: Context, deployments: Sequence[Deployment], needs: Needs
    ) -> tuple[list[Claim], RequestSize | None]:
        """And the size of the request; None: nobody has looked."""
        claims = [claim for claim, _ in needs.places] if needs.places else []
        budgets = needs.priced(deployments[0].billed_as) if needs.by_model else needs.budgets
        if not budgets:
            return claims, None
        call = context.call
        size = RequestSize(call.endpoint, call.body)
        amount, guessed = self.estimates.of(size, deployments), size.limit is None
        for need in budgets:
            claims.append(Claim(need.account, need.most, amount, guessed, need.period))
        return claims, size

    def _others(self, context: Context, deployments: Sequence[Deployment], needs: Needs) -> list[Claim]:
        """Of the budgets of models that may serve instead of the first, each of which bars that model alone."""
        if not needs.by_model or len(deployments) == 1:
            return []
        first, size = needs.of_model(deployments[0].billed_as), RequestSize(context.call.endpoint, context.call.body)
        behind: dict[str, tuple[Need, list[Deployment]]] = {}
        for one in deployments[1:]:
            need = needs.of_model(one.billed_as)
            if need is not None and need is not first:
                behind.setdefault(need.account, (need, []))[1].append(one)
        guessed = size.limit is None
        return [
            Claim(need.account, need.most, self.estimates.of(size, some), guessed, need.period)
            for need, some in behind.values()
        ]

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
