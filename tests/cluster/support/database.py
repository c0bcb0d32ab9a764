"""The database of a release, asked from inside of a control pod, which has its address and its driver."""

from __future__ import annotations

import json

from tests.cluster.support.kube import name_of
from tests.cluster.support.release import Release

_ASK = """
import json, os, sys, psycopg
with psycopg.connect(os.environ["ROUTEIQ_CONTROL_DATABASE_URL"], connect_timeout=10) as connection:
    connection.execute("SET search_path TO " + sys.argv[1])
    rows = None
    for statement in sys.argv[2:]:
        done = connection.execute(statement)
        rows = done.fetchall() if done.description else None
print(json.dumps(rows))
"""
_HEAD = "from routeiq.control.migrations import control_migrations as c; print(c().schema, c().head)"


def in_control(release: Release, code: str, *arguments: str) -> str:
    """What a program of Python printed in one of the pods. Raises: Refused."""
    pod = name_of(release.kube.pods("control")[0])
    return release.kube("exec", pod, "--", "python3", "-c", code, *arguments)


def schema_and_head(release: Release) -> tuple[str, str]:
    """Where control keeps its tables, and the revision that this release wants."""
    schema, head = in_control(release, _HEAD).split()
    return schema, head


def sql(release: Release, *statements: str) -> list[list[object]]:
    """In one transaction. Returns: the rows of the last one."""
    schema, _ = schema_and_head(release)
    rows: list[list[object]] | None = json.loads(in_control(release, _ASK, schema, *statements))
    return rows or []


def revision(release: Release) -> tuple[str, str]:
    """The one that is there, and the one that this release wants."""
    found = sql(release, "SELECT version_num FROM alembic_version")
    return str(found[0][0]), schema_and_head(release)[1]
