"""The overlay's version grows with each change, and what is read of a version is all of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from routeiq.control.store.overlay import bump, lock_overlay, read_overlay, read_version
from routeiq.kit.db import Database
from tests.support.catalogue import World, version
from tests.support.people import NOW

WRITERS = 50


async def test_of_writers_at_once_each_has_its_own_version(here: World) -> None:
    database = here.control.database

    async def change() -> int:
        async with database.transaction() as session:
            return await bump(session, NOW)

    versions = await asyncio.gather(*(change() for _ in range(WRITERS)))
    assert sorted(versions) == [version(number) for number in range(1, WRITERS + 1)]
    assert await _version(database) == version(WRITERS)


async def test_a_database_that_lost_versions_gives_none_of_them_again(here: World) -> None:
    """Restored from a backup of before the second, or new: gateways still hold the second."""
    database, day = here.control.database, timedelta(days=1)
    async with database.transaction() as session:
        await bump(session, NOW)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            lost = await bump(session, NOW + day)
            raise ZeroDivisionError
    async with database.transaction() as session:
        assert await bump(session, NOW + 2 * day) > lost


async def test_a_clock_that_goes_back_takes_no_version_along(here: World) -> None:
    async with here.control.database.transaction() as session:
        first = await bump(session, NOW)
        assert await bump(session, NOW - timedelta(days=1)) == first + 1


async def test_what_is_undone_takes_its_version_along(here: World) -> None:
    database = here.control.database
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await bump(session, NOW)
            raise ZeroDivisionError
    assert await _version(database) == 0


async def test_a_lock_changes_nothing(here: World) -> None:
    database = here.control.database
    async with database.transaction() as session:
        await bump(session, NOW)
        assert await lock_overlay(session) == version(1)
    assert await _version(database) == version(1)


async def test_a_reader_never_finds_less_than_its_version_says(here: World) -> None:
    """Each write adds one provider, so that a version says how many there are."""
    database = here.control.database
    reading = True

    async def read() -> None:
        while reading:
            async with database.reading() as session:
                overlay = await read_overlay(session)
            assert version(len(overlay.providers)) >= overlay.version
            await asyncio.sleep(0)

    reader = asyncio.create_task(read())
    await asyncio.gather(*(_add(here, f"p{number}") for number in range(20)))
    reading = False
    await reader
    async with database.reading() as session:
        overlay = await read_overlay(session)
    assert (overlay.version, len(overlay.providers)) == (version(20), 20)


async def test_writes_of_all_kinds_at_once_leave_their_versions_in_order(here: World) -> None:
    model = {"model_name": "m", "litellm_params": {"model": "simulated/x"}}
    await asyncio.gather(
        *(_add(here, f"p{number}") for number in range(5)),
        *(here.control.post("/model/new", model) for _ in range(5)),
    )
    told = [changed.overlay_version for changed in here.control.told.all]
    assert sorted(told) == [version(number) for number in range(1, 11)]
    assert await _version(here.control.database) == version(10)


async def _add(here: World, name: str) -> None:
    provider = {"name": name, "display_name": name, "api_key": "sk-x", "base_url": "https://x.example", "models": ["m"]}
    await here.done("POST", "/api/v1/providers", provider, status=201)


async def _version(database: Database) -> int:
    async with database.reading() as session:
        return await read_version(session)
