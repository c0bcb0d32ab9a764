"""Migrations on real databases: again, at once, late, failing, and of another release."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from routeiq.kit.db import Database, DatabaseUnavailable
from routeiq.kit.migrate import Migrated, MigrationFailed, Migrations, Patience
from tests.support.servers.postgres import Postgres
from tests.support.waiting import PATIENCE_S, wait_until

SCHEMA = "notes"
SOON = Patience(server_s=0.3, alone_s=0.5, lock_s=0.3)
FOR_A_TABLE = Patience(server_s=PATIENCE_S, alone_s=PATIENCE_S, lock_s=0.3)
_ENV = "from alembic import context\nfrom routeiq.kit.migrate import in_environment\nin_environment(context, None)\n"
_STEP = """
import time
import sqlalchemy as sa
from alembic import op
revision, down_revision = {revision!r}, {before!r}
def upgrade():
    {body}
"""
TABLE = 'op.create_table("note", sa.Column("id", sa.Integer, primary_key=True))'
COLUMN = 'op.add_column("note", sa.Column("text", sa.String))'

AddStep = Callable[[str], Migrations]


@pytest.fixture
def add_step(tmp_path: Path) -> AddStep:
    """Writes the next step and gives all so far."""
    folder = tmp_path / "100% steps"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(_ENV)
    written: list[str] = []

    def add(body: str) -> Migrations:
        revision = f"{len(written) + 1:04}"
        step = _STEP.format(revision=revision, before=written[-1] if written else None, body=body)
        (folder / "versions" / f"r{revision}.py").write_text(step)
        written.append(revision)
        return Migrations(folder, SCHEMA)

    return add


def tables(address: str) -> set[str]:
    """Those of our schema."""
    if address.startswith("sqlite"):
        with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'notes'"
        with psycopg.connect(address) as server:
            rows = server.execute(query).fetchall()
    return {str(row[0]) for row in rows} - {"alembic_version"}


def test_steps_are_done_once(database_url: str, add_step: AddStep) -> None:
    assert add_step(TABLE).run(database_url) == Migrated(None, "0001")
    both = add_step(COLUMN)
    assert [both.run(database_url) for _ in range(2)] == [Migrated("0001", "0002"), Migrated("0002", "0002")]
    assert tables(database_url) == {"note"}


def test_of_those_that_start_at_once_one_works(database_url: str, add_step: AddStep) -> None:
    steps = add_step(f"time.sleep(0.5); {TABLE}")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: steps.run(database_url), range(4)))
    assert sorted(done, key=str) == [Migrated("0001", "0001")] * 3 + [Migrated(None, "0001")]


def test_another_migration_is_waited_for_a_while_only(database_url: str, add_step: AddStep, tmp_path: Path) -> None:
    begun, may_end = tmp_path / "begun", tmp_path / "may-end"
    waits = f"[time.sleep(0.01) for _ in iter(lambda: __import__('os').path.exists({str(may_end)!r}), True)]"
    first = add_step(f"open({str(begun)!r}, 'w').close(); {waits}; {TABLE}")
    thread = threading.Thread(target=first.run, args=(database_url,))
    thread.start()
    wait_until(begun.exists)
    with pytest.raises((MigrationFailed, DatabaseUnavailable)):
        first.run(database_url, SOON)
    may_end.touch()
    thread.join()
    assert tables(database_url) == {"note"}


def test_a_step_that_fails_leaves_nothing_and_can_be_done_again(database_url: str, add_step: AddStep) -> None:
    add_step(TABLE).run(database_url)
    bad = add_step('op.create_table("half", sa.Column("id", sa.Integer)); op.execute("SELEKT 1")')
    with pytest.raises(MigrationFailed, match=re.compile("syntax error", re.IGNORECASE)):
        bad.run(database_url)
    assert tables(database_url) == {"note"}
    with pytest.raises(MigrationFailed):
        bad.run(database_url)


def test_a_database_of_a_newer_release_is_left_alone(database_url: str, add_step: AddStep) -> None:
    own = add_step(TABLE)
    add_step(COLUMN).run(database_url)
    assert own.run(database_url) == Migrated("0002", "0002")


async def test_readiness_knows_whether_the_schema_fits(database_url: str, add_step: AddStep) -> None:
    first = add_step(TABLE)
    database = Database(database_url, schema=SCHEMA)
    before = await first.fit(database)
    first.run(database_url)
    second = add_step(COLUMN)
    between = (await first.fit(database), await second.fit(database))
    second.run(database_url)
    after = (await first.fit(database), await second.fit(database))
    await database.close()
    assert (before, between, after) == (False, (True, False), (True, True))


async def test_a_database_that_is_away_does_not_fit(add_step: AddStep) -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none", schema=SCHEMA)
    assert not await add_step(TABLE).fit(database)
    await database.close()


def test_two_heads_are_said(sqlite_url: str, add_step: AddStep) -> None:
    steps = add_step(TABLE)
    other = steps.folder / "versions" / "r0009.py"
    other.write_text(_STEP.format(revision="0009", before=None, body="pass"))
    with pytest.raises(MigrationFailed, match="heads"):
        Migrations(steps.folder, SCHEMA)
    assert tables(sqlite_url) == set()


def test_rows_that_refer_to_nothing_undo_it(sqlite_url: str, add_step: AddStep) -> None:
    statement = "CREATE TABLE child (id int REFERENCES parent(id)); CREATE TABLE parent (id int PRIMARY KEY)"
    steps = add_step(
        "; ".join(f'op.execute("{one}")' for one in (*statement.split("; "), "INSERT INTO child VALUES (1)"))
    )
    with pytest.raises(MigrationFailed, match="child"):
        steps.run(sqlite_url)
    assert tables(sqlite_url) == set()


@pytest.fixture
def own() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


def test_a_server_that_comes_late_is_waited_for(own: Postgres, add_step: AddStep) -> None:
    own.stop()
    steps = add_step(TABLE)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(steps.run, own.url, Patience(server_s=PATIENCE_S))
        time.sleep(0.5)
        own.start()
        assert running.result() == Migrated(None, "0001")


def test_a_server_that_never_comes_is_given_up(add_step: AddStep) -> None:
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        add_step(TABLE).run("postgresql://nobody@127.0.0.1:1/none", SOON)
    assert time.monotonic() - begun < PATIENCE_S / 2


def test_a_step_waits_for_a_table_a_while_only(postgres_url: str, add_step: AddStep) -> None:
    add_step(TABLE).run(postgres_url)
    steps = add_step(COLUMN)
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE notes.note")
        with pytest.raises(MigrationFailed, match="lock timeout"):
            steps.run(postgres_url, FOR_A_TABLE)
    assert steps.run(postgres_url) == Migrated("0001", "0002")


def test_who_may_not_make_a_schema_can_use_the_one_that_is_there(postgres_url: str, add_step: AddStep) -> None:
    with psycopg.connect(postgres_url) as admin:
        admin.execute("DROP ROLE IF EXISTS modest")
        admin.execute("CREATE ROLE modest LOGIN")
        admin.execute("CREATE SCHEMA notes AUTHORIZATION modest")
    modest = postgres_url.replace("postgres@", "modest@")
    assert add_step(TABLE).run(modest) == Migrated(None, "0001")
    assert tables(postgres_url) == {"note"}
