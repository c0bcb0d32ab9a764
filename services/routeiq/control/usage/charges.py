"""Whom a record charges: its key, user, team and member, and the key's budget for its model, if there is one.

By the names that were sent: the ledger's own may be cut, but holders of budgets have theirs in full."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from routeiq.clients.control_accounts import Account, member_id
from routeiq.control.spending.charging import Charge, Cost
from routeiq.control.store.accounts import MEMBER, TEAM, USER
from routeiq.control.usage.intake_rows import Incoming, Payer

_NUL = "\0"
"""No holder has it in its name, and PostgreSQL does not look for one that has."""


def charges_of(records: Iterable[Incoming]) -> list[Charge]:
    """What nobody knows the cost of charges nobody."""
    costs: defaultdict[Account, list[Cost]] = defaultdict(list)
    bearers: dict[Payer, list[list[Cost]]] = {}
    for one in records:
        if one.cost_nano_usd:
            borne = bearers.get(one.payer)
            if borne is None:
                borne = bearers[one.payer] = [costs[account] for account in _accounts(one.payer)]
            cost = one.ended_at, one.cost_nano_usd
            for some in borne:
                some.append(cost)
    return [Charge(account, some) for account, some in costs.items()]


def _accounts(payer: Payer) -> Iterator[Account]:
    kind, key, user, team, model = payer
    if _NUL in f"{key}{user}{team}{model}":
        kind, key, user, team, model = (part if _NUL not in part else "" for part in payer)
    if key:
        yield Account(kind, key)
        if model:
            yield Account(kind, key, model)
    if user:
        yield Account(USER, user)
    if team:
        yield Account(TEAM, team)
        if user:
            yield Account(MEMBER, member_id(team, user))
