"""What the migrations make is what the tables say."""

from __future__ import annotations

import warnings

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from routeiq.control.migrations import control_migrations
from routeiq.control.store.database import open_database
from routeiq.control.store.schema import METADATA
from routeiq.control.store.tables import SCHEMA
from routeiq.kit.db import DatabaseURL

_OWN = "SELECT conname FROM pg_constraint"
"""Indexes of constraints have names of their own on SQLite."""


def test_the_migrated_schema_is_that_of_the_tables(database_url: str) -> None:
    control_migrations().run(database_url)
    url = DatabaseURL.parse(database_url)
    engine = create_engine(url.url)
    with engine.connect() as connection, warnings.catch_warnings():
        if url.kind == "postgres":
            connection.execute(text(f"SET search_path TO {SCHEMA}"))
            connection.dialect.default_schema_name = SCHEMA
        else:  # it cannot say what an index of an expression is; PostgreSQL can
            warnings.filterwarnings("ignore", "(?s).*expression-based index")
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": METADATA}
        )
        differences = compare_metadata(context, METADATA)
    engine.dispose()
    assert differences == []


async def test_both_kinds_have_the_same_indexes(postgres_url: str, sqlite_url: str) -> None:
    found = []
    for address, query in (
        (postgres_url, f"SELECT indexname FROM pg_indexes WHERE schemaname = '{SCHEMA}' AND indexname NOT IN ({_OWN})"),
        (sqlite_url, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"),
    ):
        control_migrations().run(address)
        database = open_database(address)
        async with database.reading() as session:
            names = (await session.scalars(text(query))).all()
        await database.close()
        found.append(sorted(names))
    assert found[0] == found[1] != []


async def test_the_schema_fits_once_it_was_migrated(database_url: str) -> None:
    steps, database = control_migrations(), open_database(database_url)
    before = await steps.fit(database)
    steps.run(database_url)
    after = await steps.fit(database)
    await database.close()
    assert (before, after) == (False, True)


async def test_a_test_has_a_migrated_database_of_its_own(control_database_url: str) -> None:
    database = open_database(control_database_url)
    fits = await control_migrations().fit(database)
    await database.close()
    assert fits
