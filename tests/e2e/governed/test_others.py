"""Where the table lets any key pass, control still keeps from each what is somebody else's."""

from __future__ import annotations

import pytest

from routeiq.gateway.access import TABLE, Level, Line, Owner
from tests.e2e.governed.conftest import House
from tests.e2e.governed.test_refused import changed
from tests.support.belongings import READS
from tests.support.governed import AUDIT

SHARED = [
    pytest.param(method, line, id=f"{method} {line.path}")
    for line in TABLE
    if line.level is Level.USER and line.owner is Owner.CONTROL
    for method in sorted(line.methods)
]
WRITES = [one for one in SHARED if one.values[0] != "GET" and one.values[1].path not in READS]
READING = [one for one in SHARED if one not in WRITES]
STRANGERS = ("user", "key of nobody", "key of a team, of an admin")


@pytest.mark.parametrize(("method", "line"), WRITES)
@pytest.mark.parametrize("who", [*STRANGERS, "viewer"])
def test_nobody_changes_what_is_anothers(house: House, who: str, method: str, line: Line) -> None:
    with house.theirs(changes=False) as theirs:
        before = house.rows.marks(without=[AUDIT])
        answer = house.ask(who, method, theirs.path(line), theirs.body(line, method))
        refused = 400 <= answer.status < 500 or each_is_refused(answer.json())
        assert refused, (answer.status, answer.body)
        assert changed(before, house.rows.marks(without=[AUDIT])) == []


@pytest.mark.parametrize(("method", "line"), READING)
@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_reads_what_is_anothers(house: House, who: str, method: str, line: Line) -> None:
    with house.theirs(changes=False) as theirs:
        target, body = theirs.path(line) + theirs.query(line), theirs.body(line, method)
        answer = house.ask(who, method, target, body)
        sent, said = f"{target} {body}", answer.body.decode()
        secret = [*theirs.aliases, *(one for one in theirs.ids if one not in sent)]
        assert [one for one in secret if one in said] == []
        assert 200 <= answer.status < 500


def each_is_refused(body: object) -> bool:
    """Of many changes in one request."""
    return isinstance(body, dict) and body.get("successful_updates") == [] and bool(body.get("failed_updates"))
