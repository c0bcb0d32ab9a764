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

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "5"))
"""Of each operation by each caller. CONTRIBUTING.md says when more."""
DESCRIPTION = [
    status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance,
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
    schema = schemathesis.openapi.from_dict(house.document())
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
                name_what_is_there(case, theirs, line)
            check(house, case, who, line)

        send()
        forget(house.rows, theirs)


@pytest.mark.parametrize(("method", "line"), DESCRIBED)
def test_success_is_as_described(house: House, described: Any, method: str, line: Line) -> None:
    """Which chance alone does not bring about."""
    operation = described[method, PARAMETER.sub("{}", line.path)]
    with house.theirs(changes=method != "GET") as theirs:
        body = theirs.body(line, method)
        case = operation.Case(
            path_parameters=theirs.parameters(line),
            query=theirs.arguments(line),
            **({"body": body, "media_type": "application/json"} if body else {}),
        )
        status = check(house, case, "admin", line)
        assert line.owner is not Owner.CONTROL or status < 300


def check(house: House, case: schemathesis.Case, who: str, line: Line) -> int:
    """Returns: the status. That no provider answers is no fault of the gateway's, and is described."""
    answer = case.call(base_url=house.fleet.url, headers=dict(house.callers[who]))
    further = [not_a_server_error] if line.owner is Owner.CONTROL else []
    case.validate_response(answer, checks=[*further, *DESCRIPTION])
    return answer.status_code


def name_what_is_there(case: schemathesis.Case, theirs: Belongings, line: Line) -> None:
    """Chance finds no id; all else is left to it."""
    case.path_parameters = {**(case.path_parameters or {}), **theirs.parameters(line)}
    case.query = {**(case.query or {}), **theirs.arguments(line)}
    if isinstance(case.body, dict):
        case.body = {**case.body, **{name: one for name, one in theirs.names.items() if name in case.body}}


def forget(rows: Rows, theirs: Belongings) -> None:
    """Gateways build all models and providers anew at each change of one."""
    for table, own in {"models": theirs.model, "providers": theirs.provider_id}.items():
        rows.execute(f"DELETE FROM {table} WHERE id <> %s", own)
