"""What the suite keeps for control, and who may call it."""

from __future__ import annotations

import sqlite3
import stat
import urllib.error
import urllib.request
from contextlib import closing

import httpx
import pytest

from routeiq.kit.key_files import load_private_key
from routeiq.kit.signing import HEADER
from tests.support.assertions import bad, good
from tests.support.suite import Suite
from tests.support.waiting import PATIENCE_S

INTERNAL = ("control", "a2a-registry", "mcp-registry", "config-sync")


def test_control_has_a_database_and_a_key_of_its_owners_alone(suite: Suite) -> None:
    database, key = suite.data_dir / "control.db", suite.data_dir / "encryption.key"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM keys").fetchone() == (0,)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (database, key)] == [0o600, 0o600]


@pytest.mark.parametrize("service", INTERNAL)
@pytest.mark.parametrize("path", ["/", "/_health/ready", "/key/list"])
def test_nobody_from_outside_is_answered(suite: Suite, service: str, path: str) -> None:
    headers = {"authorization": f"Bearer {suite.key}", "x-routeiq-internal-assertion": "nonsense"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            urllib.request.Request(suite.endpoints[service] + path, headers=headers), timeout=PATIENCE_S
        )
    with refused.value as answer:
        assert answer.code == 401


@pytest.mark.parametrize("service", INTERNAL)
def test_nobody_is_answered_with_an_assertion_that_is_not_for_it(suite: Suite, service: str) -> None:
    key = load_private_key(suite.data_dir / "identity.key")
    statuses = {}
    for what, assertion in bad(key, service).items():
        headers = {HEADER: assertion} if assertion is not None else {}
        statuses[what] = httpx.get(
            suite.endpoints[service] + "/key/list", headers=headers, timeout=PATIENCE_S
        ).status_code
    assert set(statuses.values()) == {401}, statuses
    right = {HEADER: good(key, service)}
    assert httpx.get(suite.endpoints[service] + "/nowhere", headers=right, timeout=PATIENCE_S).status_code == 404


def test_a_key_is_made_used_and_ended_through_the_gateway(suite: Suite) -> None:
    admin = {"authorization": f"Bearer {suite.key}"}
    with httpx.Client(base_url=suite.url, timeout=PATIENCE_S) as client:
        key = client.post("/key/generate", headers=admin, json={"models": ["sim-small"]}).json()["key"]
        own = {"authorization": f"Bearer {key}"}
        body = {"model": "sim-small", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
        assert client.post("/v1/chat/completions", headers=own, json=body).status_code == 200
        denied = client.post("/v1/chat/completions", headers=own, json={**body, "model": "sim-large"})
        assert denied.status_code == 403
        assert client.post("/key/delete", headers=admin, json={"keys": [key]}).json() == {"deleted_keys": [key]}
        assert client.post("/v1/chat/completions", headers=own, json=body).status_code == 401
