"""However a request is written, who may not make it does not."""

from __future__ import annotations

import pytest

from routeiq.gateway.access import TABLE, Line, Owner
from tests.e2e.governed.conftest import House
from tests.e2e.governed.test_refused import GUARDED, changed
from tests.support.belongings import PARAMETER
from tests.support.callers import KIND
from tests.support.governed import AUDIT
from tests.support.tricks import tricks

CALLERS = ("nobody", "user", "user for models alone")
PLACES = [
    pytest.param(method, line, id=f"{method} {line.path}")
    for line in TABLE
    if line.owner is Owner.CONTROL and "{" in line.path
    for method in sorted(line.methods)
]
ELSEWHERE = (
    "..", "%2e%2e", "../..", "..%2f..%2fbudget%2fnew", "../../budget/list", ".", "%2f", "%00", "a%3fb", "a%23b",
)  # fmt: skip
"""Where a parameter stands in a path."""


@pytest.mark.parametrize(("method", "line"), GUARDED)
def test_no_other_way_to_write_it_opens_a_line(house: House, method: str, line: Line) -> None:
    wrong: dict[str, object] = {}
    with house.theirs(changes=False) as theirs:
        path, body, before = theirs.path(line), theirs.body(line, method), house.rows.marks()
        for who in CALLERS:
            refusal = KIND[who].refusal(line)
            query = theirs.query(line, named=not KIND[who].silent)
            tried = tricks(method, path, query, house.wire.host) if refusal is not None else {}
            for name, trick in tried.items():
                status = house.ask(who, trick.method, trick.target, body, **trick.headers).status
                if not (status == refusal.status if trick.same and refusal else 400 <= status < 500):
                    wrong[f"{who}: {name}"] = status
                if who == "nobody" and status not in (400, 401):
                    wrong[f"{who}: {name}"] = status
        assert wrong == {}
        assert changed(before, house.rows.marks()) == []


@pytest.mark.parametrize(("method", "line"), PLACES)
def test_what_stands_for_a_parameter_leads_nowhere_else(house: House, method: str, line: Line) -> None:
    """Not even an administrator's, whom nothing would stop on the way."""
    statuses = {}
    with house.theirs(changes=False) as theirs:
        body, before = theirs.body(line, method), house.rows.marks(without=[AUDIT])
        body = body and {**body, "key": None}  # it would go before the path's
        for place in ELSEWHERE:
            answer = house.ask("admin", method, PARAMETER.sub(lambda _, put=place: put, line.path), body)  # type: ignore[misc]
            statuses[place] = answer.status
        assert {place: status for place, status in statuses.items() if not 400 <= status < 500} == {}
        assert changed(before, house.rows.marks(without=[AUDIT])) == []
