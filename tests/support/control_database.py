"""Control's database, migrated once: each test gets a copy of the file, or PostgreSQL's when it is empty again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.servers.postgres import Postgres
from tests.support.stores import DATABASES

if TYPE_CHECKING:
    from routeiq.kit.db import Database


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("control") / "migrated.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def _migrated_name(postgres: Postgres) -> str:
    name = postgres.create()
    _migrate(postgres.url_of(name))
    return name


@pytest.fixture
def control_sqlite_url(_migrated_file: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(_migrated_file, tmp_path / 'control.db')}"


@pytest.fixture
def control_postgres_url(postgres: Postgres, _migrated_name: str) -> Iterator[str]:
    yield postgres.url_of(_migrated_name)
    postgres.empty(_migrated_name)


@pytest.fixture(params=DATABASES)
def control_database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both."""
    url: str = request.getfixturevalue(f"control_{request.param}_url")
    return url


def open_patiently(address: str) -> Database:
    """As control opens it, but on a busy machine a lock may take a while: what ends a wait is not the subject."""
    from routeiq.control.store.tables import SCHEMA  # noqa: PLC0415  # 0.4 s, for tests that ask
    from routeiq.kit.db import Database, Limits  # noqa: PLC0415

    patient = Limits(connect_s=60.0, write_s=60.0, statement_s=60.0, lock_s=60.0, transaction_s=120.0)
    return Database(address, schema=SCHEMA, name="routeiq-control", limits=patient)


def _migrate(address: str) -> None:
    from routeiq.control.migrations import control_migrations  # noqa: PLC0415  # 0.4 s, for tests that ask

    control_migrations().run(address)
