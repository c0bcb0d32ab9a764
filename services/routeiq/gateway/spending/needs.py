"""What every request of a caller needs: its accounts, compiled once for the caller, which never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from routeiq.clients.control_accounts import Account, budgeted_model
from routeiq.gateway.callers.caller import Budget, Caller, Holder
from routeiq.gateway.spending.book import PLACES
from routeiq.kit.accounts import Claim

MOST_KEPT: Final = 10_000


class Need:
    """Of one budget. `model`: of which it is for one; empty: for all."""

    __slots__ = ("account", "budget", "holder", "model", "most", "period")

    def __init__(self, account: str, most: int, holder: Holder, budget: Budget, model: str) -> None:
        self.account, self.most, self.period = account, most, budget.period
        self.holder, self.budget, self.model = holder, budget, model


class Needs:
    """Of one caller. `places`: for requests at one time. `brought`: what its accounts had spent, as far as control had
    said with the caller; by account. `by_model`: its budgets for single models, by model."""

    __slots__ = ("brought", "budgets", "by_model", "holders", "places")

    def __init__(self, caller: Caller) -> None:
        self.places = [_place(one) for one in caller.holders if one.limits.max_parallel is not None]
        found = [_need(one, one.budget) for one in caller.holders]
        self.budgets = [one for one in found if one is not None]
        self.by_model: Mapping[str, Need] = dict(_models(caller.holders))
        every = [*self.budgets, *self.by_model.values()]
        self.brought = {one.account: one.budget.spent_nano_usd for one in every}
        self.holders = {one.account: one for one in every}
        """Whose an account is; those of places are not in it."""

    @property
    def any(self) -> bool:
        return bool(self.places or self.budgets or self.by_model)

    def priced(self, model: str) -> list[Need]:
        """The budgets of a request for `model`."""
        own = self.of_model(model) if self.by_model else None
        return self.budgets if own is None else [own, *self.budgets]

    def of_model(self, model: str) -> Need | None:
        """The budget for what is called so; None: there is none."""
        name = budgeted_model(self.by_model, model)
        return None if name is None else self.by_model[name]


class CallersNeeds:
    """Of those that ask lately."""

    def __init__(self) -> None:
        self._of: dict[Caller, Needs | None] = {}

    def of(self, caller: Caller) -> Needs | None:
        """None: it needs none."""
        try:
            return self._of[caller]
        except KeyError:
            if len(self._of) >= MOST_KEPT:
                self._of.clear()
            needs = Needs(caller)
            self._of[caller] = found = needs if needs.any else None
            return found


def _need(holder: Holder, budget: Budget, model: str = "") -> Need | None:
    if budget.max_nano_usd is None:
        return None
    name = Account(holder.kind, holder.counted_as, model).name
    return Need(name, budget.max_nano_usd, holder, budget, model)


def _models(holders: tuple[Holder, ...]) -> list[tuple[str, Need]]:
    every = [(model, _need(one, budget, model)) for one in holders for model, budget in one.budgets_by_model.items()]
    return [(model, need) for model, need in every if need is not None]


def _place(holder: Holder) -> tuple[Claim, Holder]:
    return Claim(Account(PLACES, holder.counted_as, holder.kind).name, holder.limits.max_parallel or 0, 1), holder
