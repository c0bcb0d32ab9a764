"""The access table and what the two services serve are the same; the second port serves its part of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from routeiq.gateway.access import TABLE, AccessTable, Level, Line, Owner
from routeiq.kit.key_files import load_private_key
from routeiq.kit.signing import HEADER
from tests.e2e.governed.conftest import House
from tests.e2e.governed.test_refused import LINES, done
from tests.support.assertions import good
from tests.support.belongings import PARAMETER
from tests.support.governed import Wire
from tests.support.waiting import PATIENCE_S

OF_GATEWAY = [one for one in LINES if one.values[1].owner is Owner.GATEWAY]
Operations = dict[tuple[str, str], dict[str, Any]]
UNDOCUMENTED = {("GET", "/"), ("GET", "/docs"), ("GET", "/docs/{}"), ("GET", "/openapi.json")}
"""Pages for people, and the document itself."""


def operations(document: dict[str, Any]) -> Operations:
    """By method and path, with `{}` for each parameter."""
    methods = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
    return {
        (method.upper(), PARAMETER.sub("{}", path)): item[method]
        for path, item in document["paths"].items()
        for method in methods
        if method in item
    }


@pytest.fixture(scope="module")
def documented(house: House) -> Operations:
    return operations(house.document())


@pytest.fixture(scope="module")
def of_control(house: House) -> Operations:
    """Control's own document, which has more than the gateway lets through if anything."""
    key = load_private_key(house.fleet.folder / "identity.key")
    url = f"{house.fleet.url_of('control')}/openapi.json"
    return operations(httpx.get(url, headers={HEADER: good(key, "control")}, timeout=PATIENCE_S).json())


def lines(*owners: Owner) -> dict[tuple[str, str], Line]:
    return {
        (method, PARAMETER.sub("{}", line.path)): line
        for line in TABLE
        if line.owner in owners
        for method in line.methods
    }


def test_all_that_is_documented_has_a_line(documented: Operations) -> None:
    assert sorted(documented.keys() - lines(*Owner).keys()) == []


def test_all_that_has_a_line_is_documented_but_for_pages(documented: Operations) -> None:
    assert lines(*Owner).keys() - documented.keys() == UNDOCUMENTED


def test_what_needs_no_key_says_so(documented: Operations) -> None:
    """And nothing else does."""
    table = AccessTable()
    public = {one for one, operation in documented.items() if operation.get("security") == []}
    opened = {one for one, line in lines(Owner.CONTROL).items() if line.level is Level.NONE}
    assert public == opened
    assert {table.level(*one) for one in public} == {Level.NONE}


def test_controls_lines_are_what_control_serves(of_control: Operations) -> None:
    assert of_control.keys() == lines(Owner.CONTROL).keys()


@pytest.mark.parametrize(("method", "line"), OF_GATEWAY)
def test_the_gateway_serves_its_lines(house: House, method: str, line: Line) -> None:
    """Control's are asked for in earnest by `test_refused`."""
    with house.theirs(changes=False) as theirs:
        asked = "HEAD" if method == "GET" else method
        assert done(house.ask("admin", asked, theirs.path(line), {}), line)


@pytest.mark.parametrize(("method", "line"), LINES)
def test_the_second_port_has_the_gateway_api_alone(house: House, method: str, line: Line) -> None:
    wire = Wire(house.fleet.url_of("gateway-api"))
    with house.theirs(changes=False) as theirs:
        statuses = {
            who: wire.ask(method, theirs.path(line), house.callers[who], {}).status
            for who in ("nobody", "user", "admin")
        }
    wire.close()
    if not line.path.startswith("/api/v1/"):
        assert set(statuses.values()) == {404}
    elif line.level is Level.NONE:
        assert set(statuses.values()) == {200}
    else:
        assert (statuses["nobody"], statuses["user"]) == (401, 403)
        assert statuses["admin"] not in (401, 403, 405)
