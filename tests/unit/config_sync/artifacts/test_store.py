"""What is stored is listed, whoever has stored it."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from routeiq.clients.artifact_parts import Parts, read_folder
from routeiq.clients.artifact_tar import pack
from routeiq.config_sync.artifacts.store import UNKNOWN, ArtifactStore
from tests.support.artifact_folders import write_folder
from tests.support.buckets import MemoryKeys, MemoryObjects


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def store(objects: MemoryObjects, keys: MemoryKeys) -> ArtifactStore:
    return ArtifactStore(objects, keys)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return read_folder(write_folder(tmp_path / "a"))


async def test_what_lost_its_card_has_the_same_one_again(store: ArtifactStore, keys: MemoryKeys, parts: Parts) -> None:
    await store.keep(parts, "somebody", ())
    before = await store.cards()
    keys.lose()
    await store.mend()
    assert await store.cards() == before


async def test_what_nobody_knows_is_listed_too(store: ArtifactStore, objects: MemoryObjects, parts: Parts) -> None:
    objects.held[parts.artifact_id] = pack(parts)
    await store.mend()
    [card] = await store.cards()
    assert (card.artifact_id, card.pushed_by, card.bytes) == (parts.artifact_id, UNKNOWN, parts.size)
    await store.mend()
    assert await store.cards() == [card]


async def test_what_is_no_artifact_is_not_listed_and_that_is_said_once(
    store: ArtifactStore, objects: MemoryObjects, parts: Parts
) -> None:
    objects.held = {"a" * 64: pack(parts), "b" * 64: b"no tar", "notes.txt": b"somebody's own"}
    with capture_logs() as logs:
        await store.mend()
        await store.mend()
    assert [one["artifact_id"][:1] for one in logs] == ["a", "b"]
    assert await store.cards() == []


async def test_a_card_that_is_put_meanwhile_stays(store: ArtifactStore, keys: MemoryKeys, parts: Parts) -> None:
    await store.keep(parts, "somebody", ())
    [said] = keys.held.values()
    keys.lose()

    def put_first(_: str) -> None:
        keys.before_write = lambda key: None
        keys.held[parts.artifact_id] = said

    keys.before_write = put_first
    await store.mend()
    assert keys.held == {parts.artifact_id: said}


async def test_what_is_removed_meanwhile_gets_no_card(
    store: ArtifactStore, objects: MemoryObjects, keys: MemoryKeys, parts: Parts
) -> None:
    objects.held[parts.artifact_id] = pack(parts)
    keys.before_write = lambda key: objects.held.clear()
    await store.mend()
    assert await store.cards() == []
