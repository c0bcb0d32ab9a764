"""The servers that tests run against: they start, die, come back, and end with the test run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.support.servers.nats import NATS
from tests.support.servers.postgres import Postgres
from tests.support.servers.server import Server
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S

KINDS = (Postgres, Valkey, NATS)
_RUN = """
import sys, time
from tests.support.servers.{module} import {name}
with {name}() as server:
    print(server.pid, server.folder, flush=True)
    time.sleep(60)
"""


def test_each_test_has_a_database_of_its_own(postgres: Postgres, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(postgres.url_of(postgres.create())) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)


def test_a_database_is_emptied_as_if_it_were_new(postgres: Postgres, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (of text); INSERT INTO alembic_version VALUES ('kept')")
        connection.execute("CREATE SCHEMA own; CREATE TABLE own.a (id serial PRIMARY KEY)")
        connection.execute("CREATE TABLE own.b (a int REFERENCES own.a)")
    left = psycopg.connect(postgres_url)
    left.execute("INSERT INTO own.a DEFAULT VALUES; INSERT INTO own.b VALUES (1); COMMIT; BEGIN; LOCK own.a")
    postgres.empty(name)
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()
    with psycopg.connect(postgres_url) as connection:
        counts = "SELECT (SELECT count(*) FROM own.a), (SELECT count(*) FROM own.b), (SELECT of FROM alembic_version)"
        assert connection.execute(counts).fetchone() == (0, 0, "kept")
        assert connection.execute("INSERT INTO own.a DEFAULT VALUES RETURNING id").fetchone() == (1,)


def test_a_killed_postgres_comes_back_with_what_was_committed() -> None:
    with Postgres() as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url)
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_killed_valkey_comes_back_at_its_address() -> None:
    with Valkey() as server, Redis.from_url(server.url) as client:
        assert client.eval("return 7", 0) == 7
        server.kill()
        with pytest.raises(RedisError):
            client.ping()
        server.start()
        assert client.ping()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_the_process_that_started_it(kind: type[Server], number: signal.Signals) -> None:
    program = _RUN.format(module=kind.name, name=kind.__name__)
    command = [sys.executable, "-c", program]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=_heed_interrupts)
    assert owner.stdout is not None
    with owner.stdout:
        pid, folder = owner.stdout.readline().split()
    owner.send_signal(number)
    owner.wait(20)
    end = time.monotonic() + PATIENCE_S
    while _lives(int(pid)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _lives(int(pid))
    assert Path(folder).exists() == (number is signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def _heed_interrupts() -> None:
    """Also where this run was started in the background, which shells do with interrupts ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _lives(pid: int) -> bool:
    """A zombie whom nobody has buried yet does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
