"""Whatever is sent to management and to the LLM Gateway API, the answer is one that the OpenAPI document describes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from routeiq.gateway.access import Line, Owner
from tests.e2e.governed.conftest import House, house_in
from tests.e2e.governed.test_refused import LINES
from tests.support.belongings import PARAMETER, Belongings
from tests.support.governed import Rows
from tests.support.servers.postgres import Postgres

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "8"))
"""Of each operation by each caller. CONTRIBUTING.md says when more."""
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
DESCRIBED = [one for one in LINES if one.values[1].owner is Owner.CONTROL or one.values[1].path == "/api/v1/generate"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[House]:
    """Its own: what comes here may be anything."""
    with house_in(tmp_path_factory.mktemp("openapi"), postgres) as made:
        yield made


@pytest.fixture(scope="module")
def described(house: House) -> dict[tuple[str, str], Any]:
    """Operations by method and path, with `{}` for each parameter."""
    schema = schemathesis.openapi.from_dict(house.as_admin("GET", "/openapi.json"))
    found = (one.ok() for one in schema.get_all_operations())
    return {(one.method.upper(), PARAMETER.sub("{}", one.path)): one for one in found}


@pytest.mark.parametrize("who", ["admin", "user"])
@pytest.mark.parametrize(("method", "line"), DESCRIBED)
def test_answers_are_as_described(house: House, described: Any, method: str, line: Line, who: str) -> None:
    operation = described[method, PARAMETER.sub("{}", line.path)]
    modes = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    with house.theirs(changes=who == "admin" and method != "GET") as theirs:

        @given(case=st.one_of(modes), knows=st.booleans())
        @settings(
            max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def send(case: schemathesis.Case, knows: bool) -> None:
            if knows:
                name_what_is_there(case, theirs, line, method)
            answer = case.call(base_url=house.fleet.url, headers=dict(house.callers[who]))
            case.validate_response(answer, checks=CHECKS)

        send()
        forget(house.rows)


@pytest.mark.parametrize("who", ["admin", "user"])
@pytest.mark.parametrize(("method", "line"), DESCRIBED)
def test_success_is_as_described(house: House, described: Any, method: str, line: Line, who: str) -> None:
    """What an administrator's request does is not left to chance."""
    operation = described[method, PARAMETER.sub("{}", line.path)]
    with house.theirs(changes=who == "admin" and method != "GET") as theirs:
        case = operation.Case()
        name_what_is_there(case, theirs, line, method)
        answer = case.call(base_url=house.fleet.url, headers=dict(house.callers[who]))
        case.validate_response(answer, checks=CHECKS)
        assert who != "admin" or line.owner is not Owner.CONTROL or answer.status_code < 300


def name_what_is_there(case: schemathesis.Case, theirs: Belongings, line: Line, method: str) -> None:
    """Chance finds no id."""
    case.path_parameters = {**(case.path_parameters or {}), **theirs.parameters(line)}
    case.query = {**(case.query or {}), **theirs.arguments(line)}
    body = theirs.body(line, method)
    if body is not None:
        case.body = {**case.body, **body} if isinstance(case.body, dict) else body
        case.media_type = "application/json"


def forget(rows: Rows) -> None:
    """Gateways build all models and providers anew at each change of one."""
    for table in ("models", "providers", "overrides"):
        rows.execute(f"DELETE FROM {table} WHERE id NOT LIKE '%-of-%'")
