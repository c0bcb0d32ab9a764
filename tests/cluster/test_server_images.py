"""The test cluster's PostgreSQL keeps what the official image promises, as far as the chart makes use of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cluster.test_images import pytestmark as pytestmark  # the same conditions
from tests.support.containers import USER, Image, opened, running
from tests.support.ports import free_port

PASSWORD = """it's "$quoted" \\ """
SETTINGS = {"POSTGRES_USER": "someone", "POSTGRES_DB": "some-where", "PGDATA": "/var/lib/postgresql/pgdata"}
START_S = 30.0


@pytest.fixture(scope="module", name="image")
def of_postgres() -> Iterator[Image]:
    with opened("localhost/rq-postgres:test") as found:
        yield found


@pytest.fixture(name="volume")
def of_the_user(tmp_path: Path) -> Path:
    os.chown(tmp_path, USER, USER)
    return tmp_path


@contextlib.contextmanager
def connected(image: Image, volume: Path, **settings: str) -> Iterator[psycopg.Connection]:
    """To a server that runs meanwhile, on this volume."""
    port = free_port()
    args, environ = ["-c", f"port={port}"], {**SETTINGS, **settings}
    with (
        running(image, args, environ, {volume: "/var/lib/postgresql"}) as child,
        connect(child, port, "someone", PASSWORD) as connection,
    ):
        yield connection
        refused(port, "someone", "another")
        refused(port, "postgres", "")


def connect(child: subprocess.Popen[bytes], port: int, user: str, password: str) -> psycopg.Connection:
    end = time.monotonic() + START_S
    while True:
        assert child.poll() is None, f"it ended with {child.returncode}"
        try:
            return psycopg.connect(host="127.0.0.1", port=port, user=user, password=password, dbname="some-where")
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def refused(port: int, user: str, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=port, user=user, password=password, dbname="some-where")


def test_data_outlives_a_kill(image: Image, volume: Path) -> None:
    with connected(image, volume, POSTGRES_PASSWORD=PASSWORD) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        connection.commit()
    with connected(image, volume) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]


def test_password_may_stand_in_a_file(image: Image, volume: Path) -> None:
    (volume / "password").write_text(f"{PASSWORD}\n")
    with connected(image, volume, POSTGRES_PASSWORD_FILE="/var/lib/postgresql/password") as connection:
        found = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchall()
        assert found == [(True,)]


def test_no_password_no_database(image: Image, volume: Path) -> None:
    with running(image, [], SETTINGS, {volume: "/var/lib/postgresql"}) as child:
        assert child.wait(START_S) == 1
    assert not list(volume.iterdir())
