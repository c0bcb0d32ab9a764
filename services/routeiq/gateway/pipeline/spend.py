"""Reserve what a request can cost against the budgets of its key, user, team and member, and settle what it did cost
after the last byte. Amounts are integer nano-USD. Who has neither a budget nor a limit of requests at one time pays
nothing here, and by the book of this gateway alone nobody waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from routeiq.clients.control_accounts import budgeted_model
from routeiq.config.state import Deployment
from routeiq.gateway.callers.caller import Budget, Caller, Holder
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.plan import Outcome
from routeiq.gateway.spending.book import PLACES, Account, Book
from routeiq.gateway.spending.estimates import CostOf, Estimates, cost_of
from routeiq.gateway.spending.refusals import budget_exceeded, budget_message, too_many
from routeiq.kit.accounts import Claim, Refused, Taken, Verdict
from routeiq.kit.errors import RouteIQError
from routeiq.kit.ids import uuid7
from routeiq.kit.metrics import Counts

STATUS = 422


class Written(Protocol):
    """The record of a request that is over."""

    @property
    def journal(self) -> str: ...

    @property
    def sequence(self) -> int: ...

    @property
    def cost_nano_usd(self) -> int | None: ...


class _Wanted(NamedTuple):
    """What a request needs. `of`: whose each claim is, and for which model. `brought`: what the accounts had spent, as
    far as is known with the caller. `input_bytes`: of its prompt."""

    claims: list[Claim]
    of: list[tuple[Holder, str]]
    brought: dict[str, int]
    input_bytes: int = 0
    by_model: Holder | None = None
    """Who has budgets for single models."""


class Reserved:
    """Of one request. Say once how it ended: `over`, or `release` before it was made."""

    __slots__ = ("_costs", "_id", "_input_bytes", "_spend", "_wanted")

    def __init__(self, spend: Spend, id_: str, wanted: _Wanted) -> None:
        self._spend, self._id, self._wanted = spend, id_, wanted

    def over(self, outcome: Outcome, written: Written | None = None) -> None:
        """Args: written: None: there is no journal."""
        spend, usage, served = self._spend, outcome.usage, outcome.deployment
        if usage is not None and served is not None:
            spend.estimates.learn(served, self._wanted.input_bytes, usage)
        if written is not None and written.journal:
            cost, journal, sequence = written.cost_nano_usd, written.journal, written.sequence
        else:
            cost = spend.cost_of(served, usage) if usage is not None and served is not None else None
            journal, sequence = "", 0
        spend.book.settle(self._id, _costs(self._wanted, cost, served), journal, sequence)

    def release(self) -> None:
        """Nothing was asked of anybody."""
        self._spend.book.settle(self._id, [(claim.account, None) for claim in self._wanted.claims])


class Spend:
    """The stage, of one gateway. Args: status: of the answer to who has nothing left.  refused: counts, by who."""

    def __init__(
        self,
        book: Book,
        estimates: Estimates | None = None,
        cost_of: CostOf = cost_of,
        *,
        status: int = STATUS,
        refused: Counts | None = None,
    ) -> None:
        self.book, self.estimates, self.cost_of = book, estimates or Estimates(), cost_of
        self._status, self._refused = status, refused

    def governs(self, caller: Caller) -> bool:
        """Whether the caller's requests need any of this."""
        for holder in caller.holders:
            if holder.budget.max_nano_usd is not None or holder.limits.max_parallel is not None:
                return True
            if holder.budgets_by_model:
                return True
        return False

    def reserve_now(self, context: Context, deployments: Sequence[Deployment]) -> Reserved | None:
        """Where `book.waits` is not so. None: there is nothing to reserve.

        Raises: BudgetExceeded, BudgetExceededForNow, TooManyAtOnce, BudgetsUnavailable."""
        wanted, id_ = self._wanted(context, deployments), uuid7()
        if not wanted.claims:
            return None
        return self._reserved(context, id_, wanted, self.book.reserve_now(id_, wanted.claims, wanted.brought))

    async def reserve(self, context: Context, deployments: Sequence[Deployment]) -> Reserved | None:
        """Everywhere. As above."""
        wanted, id_ = self._wanted(context, deployments), uuid7()
        if not wanted.claims:
            return None
        return self._reserved(context, id_, wanted, await self.book.reserve(id_, wanted.claims, wanted.brought))

    def _wanted(self, context: Context, deployments: Sequence[Deployment]) -> _Wanted:
        places, wanted, budgets = [], _Wanted([], [], {}), list[tuple[Holder, str, Budget]]()
        for holder in context.caller.holders:
            at_once = holder.limits.max_parallel
            if at_once is not None:
                places.append((holder, at_once))
            if holder.budget.max_nano_usd is not None:
                budgets.append((holder, "", holder.budget))
            if holder.budgets_by_model:
                wanted = wanted._replace(by_model=holder)
                model = budgeted_model(holder.budgets_by_model, deployments[0].group)
                if model is not None and holder.budgets_by_model[model].max_nano_usd is not None:
                    budgets.append((holder, model, holder.budgets_by_model[model]))
        for holder, most in places:
            wanted.claims.append(Claim(_place(holder), most, 1))
            wanted.of.append((holder, ""))
        return self._priced(context, deployments, wanted, budgets) if budgets else wanted

    def _priced(
        self,
        context: Context,
        deployments: Sequence[Deployment],
        wanted: _Wanted,
        budgets: Sequence[tuple[Holder, str, Budget]],
    ) -> _Wanted:
        call = context.call
        amount, guessed, input_bytes = self.estimates.of(call.endpoint, call.body, deployments)
        for holder, model, budget in budgets:
            name = _name(holder, model)
            wanted.claims.append(Claim(name, budget.max_nano_usd or 0, amount, guessed, budget.period))
            wanted.of.append((holder, model))
            wanted.brought[name] = budget.spent_nano_usd
        return wanted._replace(input_bytes=input_bytes)

    def _reserved(self, context: Context, id_: str, wanted: _Wanted, verdict: Verdict) -> Reserved:
        if isinstance(verdict, Taken):
            return Reserved(self, id_, wanted)
        assert isinstance(verdict, Refused), "what was not known was told"
        raise self._refusal(context.caller, wanted, verdict)

    def _refusal(self, caller: Caller, wanted: _Wanted, refused: Refused) -> RouteIQError:
        claim = refused.claim
        holder, model = wanted.of[wanted.claims.index(claim)]
        place = claim.account == _place(holder)
        if self._refused is not None:
            self._refused.by[("parallel" if place else "budget", holder.kind)] += 1
        if place:
            return too_many(holder, claim.most)
        message = budget_message(caller, holder, model, refused.spent + refused.held, claim)
        budget = holder.budgets_by_model[model] if model else holder.budget
        return budget_exceeded(self._status, message, budget)


def _name(holder: Holder, model: str = "") -> str:
    return Account(holder.kind, holder.id, model).name


def _place(holder: Holder) -> str:
    return Account(PLACES, holder.id, holder.kind).name


def _costs(wanted: _Wanted, cost: int | None, served: Deployment | None) -> list[tuple[str, int | None]]:
    """Of each account. A budget for one model pays for what that model served, also where another was asked for."""
    found: dict[str, int | None] = {}
    for claim, (_, model) in zip(wanted.claims, wanted.of, strict=True):
        found[claim.account] = None if model or claim.account not in wanted.brought else cost
    holder = wanted.by_model
    if holder is not None and served is not None:
        name = budgeted_model(holder.budgets_by_model, served.group)
        if name is not None:
            found[_name(holder, name)] = cost
    return list(found.items())
