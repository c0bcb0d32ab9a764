"""Fixtures of real servers: one of each for a test run, started by the first test that asks.

A test that wants one to be away takes an instance of its own: `with Postgres() as server: ... server.kill()`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers.nats import NATS
from tests.support.servers.postgres import Postgres
from tests.support.servers.valkey import Valkey

DATABASES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """For all tests: they keep out of each other's keys by a prefix of their own."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NATS]:
    """For all tests: they keep out of each other's subjects and streams by names of their own."""
    with NATS() as server:
        yield server


@pytest.fixture
def own_nats() -> Iterator[NATS]:
    """That the test may stop, and where names that all fleets share are its alone."""
    with NATS() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """Of an empty database that is the test's alone."""
    name = postgres.create()
    yield postgres.url_of(name)
    postgres.drop(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Of a database that is the test's alone; its file does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both, with an empty database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
