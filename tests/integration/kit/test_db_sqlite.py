"""The SQLite file: who may read it, other processes that use it, and addresses that are none."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from routeiq.kit.db import Database, DatabaseUnavailable, Limits
from routeiq.kit.errors import ConfigurationError
from tests.support.notes import add, create


async def test_its_files_are_its_owners_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/own.db", schema="notes")
    await create(database)
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in os.scandir(tmp_path)}
    await database.close()
    assert modes == dict.fromkeys(("own.db", "own.db-wal", "own.db-shm"), 0o600)


async def test_it_waits_for_another_process_and_not_for_ever(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/own.db", schema="notes", limits=Limits(write_s=0.3))
    await create(database)
    with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable):
            async with database.transaction() as session:
                await add(session)
        release = asyncio.get_running_loop().call_later(0.1, other.execute, "ROLLBACK")
        async with database.transaction() as session:
            await add(session)
        release.cancel()
    await database.close()


async def test_writers_wait_for_their_turn_and_not_for_ever(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/own.db", schema="notes", limits=Limits(write_s=0.2))
    async with database.transaction():
        with pytest.raises(DatabaseUnavailable, match="to spare"):
            async with database.transaction():
                pass
    await database.close()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used as a database"):
        Database(f"sqlite:///{tmp_path}/nowhere/own.db", schema="notes")


@pytest.mark.parametrize(
    "text", ["", "x", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://u:secret@h"]
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError, match="neither postgresql") as raised:
        Database(text, schema="notes")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("schema", ["", "a b", 'a"; DROP', "A"])
def test_a_schema_that_needs_quotes_is_refused(tmp_path: Path, schema: str) -> None:
    with pytest.raises(ConfigurationError, match="not a name for a schema"):
        Database(f"sqlite:///{tmp_path}/own.db", schema=schema)
