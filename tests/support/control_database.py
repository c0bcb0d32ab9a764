"""Control's database, migrated: each test gets a copy of one that was migrated once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers.postgres import Postgres
from tests.support.stores import DATABASES


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
    name = postgres.create(template=_migrated_name)
    yield postgres.url_of(name)
    postgres.drop(name)


@pytest.fixture(params=DATABASES)
def control_database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both."""
    url: str = request.getfixturevalue(f"control_{request.param}_url")
    return url


def _migrate(address: str) -> None:
    from routeiq.control.migrations import control_migrations  # noqa: PLC0415  # 0.4 s, for tests that ask

    control_migrations().run(address)
