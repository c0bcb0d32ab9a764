"""Nobody reaches what the access table denies: every line of it, asked by every kind of caller."""

from __future__ import annotations

import pytest

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.gateway.access import TABLE, Level, Line
from tests.integration.callers.conftest import KEY, VIRTUAL, House, house
from tests.support.fake_control import FakeControl

VIEWER, ADMIN = "sk-the-key-of-a-viewer-x", "sk-the-key-of-an-admin-x"
SERVICE = {"x-service-key": "a-service-key-of-the-tests"}
MAY: dict[str, set[Level]] = {
    "nobody": {Level.NONE},
    "stranger": {Level.NONE},
    "user": {Level.NONE, Level.USER},
    "viewer": {Level.NONE, Level.USER, Level.VIEWER},
    "admin": set(Level),
    "master": set(Level),
}
HEADERS: dict[str, dict[str, str]] = {
    "nobody": {},
    "stranger": {"x-api-key": "sk-that-nobody-has-made"},
    "user": {"x-api-key": VIRTUAL},
    "viewer": {"x-api-key": VIEWER},
    "admin": {"x-api-key": ADMIN},
    "master": {"x-api-key": KEY},
}


def path_of(line: Line) -> str:
    return line.path.replace(":path", "").replace("{model}", "small").replace("{", "").replace("}", "")


@pytest.fixture
def rows(control: FakeControl) -> None:
    rows = control.rows
    rows.users |= {"v": pb.User(id="v", role="proxy_admin_viewer"), "a": pb.User(id="a", role="proxy_admin")}
    rows.add(VIRTUAL)
    rows.add(VIEWER, user_id="v")
    rows.add(ADMIN, user_id="a")


async def statuses(one: House, headers: dict[str, str]) -> dict[tuple[str, str], int]:
    found = {}
    for line in TABLE:
        for method in sorted(line.methods):
            answer = await one.client.request(method, path_of(line), headers=headers)
            found[method, line.path] = answer.status_code
    return found


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("who", list(MAY))
async def test_each_line_opens_to_whom_it_says(control: FakeControl, who: str) -> None:
    async with house(control) as one:
        found = await statuses(one, HEADERS[who])
    for line in TABLE:
        for method in line.methods:
            denied = found[method, line.path] in (401, 403)
            assert denied is (line.level not in MAY[who]), (method, line.path, found[method, line.path])
            if denied and who not in ("nobody", "stranger"):
                assert found[method, line.path] == (401 if line.litellm else 403)


@pytest.mark.usefixtures("rows")
async def test_a_service_key_opens_its_own_lines_alone(control: FakeControl) -> None:
    async with house(control) as one:
        found = await statuses(one, SERVICE)
    for line in TABLE:
        for method in line.methods:
            opened = found[method, line.path] not in (401, 403)
            assert opened is (line.level in (Level.NONE, Level.SERVICE)), (method, line.path)


@pytest.mark.parametrize(
    ("headers", "type_", "text"),
    [
        ({}, "auth_error", "Authentication Error, No api key passed in."),
        (
            {"x-api-key": "sk-that-nobody-has-made"},
            "token_not_found_in_db",
            "Authentication Error, Invalid proxy server token passed. Received API Key = sk-...made, Key Hash",
        ),
    ],
)
async def test_litellms_own_paths_refuse_in_its_words(
    control: FakeControl, headers: dict[str, str], type_: str, text: str
) -> None:
    async with house(control) as one:
        answer = await one.client.get("/key/info", headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"], error["code"]) == (401, type_, "None", "401")
    assert error["message"].startswith(text)


@pytest.mark.usefixtures("rows")
async def test_confined_to_its_paths_an_admin_manages_nothing(control: FakeControl) -> None:
    control.rows.add(ADMIN, user_id="a", allowed_routes=["llm_api_routes"])
    async with house(control) as one:
        found = await statuses(one, HEADERS["admin"])
    assert found["POST", "/key/generate"] == found["POST", "/router/route"] == found["GET", "/audit"] == 403
    assert found["GET", "/v1/models"] == 200
