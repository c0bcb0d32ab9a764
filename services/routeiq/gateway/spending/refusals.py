"""Why a request does not get a model: its budget is spent, or too many of its holder's requests run. The texts are
LiteLLM's, whose clients look for them."""

from __future__ import annotations

import time

from routeiq.gateway.callers.caller import Budget, Caller, Holder
from routeiq.kit.accounts import Claim
from routeiq.kit.errors import RateLimited, RouteIQError, Unavailable
from routeiq.kit.money import usd_text

LONGEST_RETRY_S = 3600
_NAMES = {"key": "api_key", "user": "user", "team": "team", "member": "team_member"}


class BudgetExceeded(RouteIQError):
    """By default of a status that OpenAI's SDKs do not try again."""

    status, type, code, expose = 422, "budget_exceeded", "budget_exceeded", True


class BudgetExceededForNow(RateLimited):
    """The same for who wants it to be tried again."""

    type, code = "budget_exceeded", "budget_exceeded"


class TooManyAtOnce(RateLimited):
    """A holder's requests that run at one time are as many as may."""


class BudgetsUnavailable(Unavailable):
    """The store of the accounts is away, and the gateway is told not to go on without."""

    code = "budgets_unavailable"


def budget_exceeded(status: int, message: str, budget: Budget) -> RouteIQError:
    if status == RateLimited.status:
        left_s = budget.reset_at - time.time() if budget.reset_at else LONGEST_RETRY_S
        return BudgetExceededForNow(message, retry_after_s=int(min(max(left_s, 1), LONGEST_RETRY_S)))
    error = BudgetExceeded(message)
    error.status = status  # type: ignore[misc]  # as the settings say
    return error


def budget_message(caller: Caller, holder: Holder, model: str, cost: int, claim: Claim) -> str:
    """Args: cost: spent and held, nano-USD.  model: of a key's budget for one; empty: for all."""
    spent, allowed = usd_text(cost), usd_text(claim.most)
    if holder.kind == "user":
        said = f"ExceededBudget: User={holder.id} over budget. Spend={spent}, Budget={allowed}"
    else:
        who = _who(caller, holder) + (f" Model={model}" if model else "")
        said = f"Budget has been exceeded! {who} Current cost: {spent}, Max budget: {allowed}"
    return said if cost >= claim.most else f"{said}. The request may cost {usd_text(claim.amount)}"


def too_many(holder: Holder, most: int) -> TooManyAtOnce:
    return TooManyAtOnce(
        f"Rate limit exceeded for {_NAMES[holder.kind]}: {holder.id}. Limit type: max_parallel_requests. "
        f"Current limit: {most}, Remaining: 0.",
        retry_after_s=1,
    )


def _who(caller: Caller, holder: Holder) -> str:
    """A key is `Key=<alias> (sk-...abcd)`."""
    if holder.kind == "team":
        return f"Team={holder.id}"
    alias, principal = caller.principal.key_alias, caller.principal
    if holder.kind == "member":
        return f"User={principal.user_id} in Team={principal.team_id}"
    return f"Key={alias} ({caller.name})" if alias else f"Key={caller.name}"
