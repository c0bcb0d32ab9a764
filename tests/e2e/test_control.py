"""What the suite keeps for control, and who may call it."""

from __future__ import annotations

import sqlite3
import stat
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from tests.support.suite import Suite

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
        urllib.request.urlopen(urllib.request.Request(suite.endpoints[service] + path, headers=headers), timeout=10)
    with refused.value as answer:
        assert answer.code == 401
