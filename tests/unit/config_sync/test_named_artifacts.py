"""What a document names as its artifact is there for all, and is listed like what was pushed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.clients.artifact_parts import Parts, read_folder
from routeiq.clients.artifact_tar import pack, unpack
from routeiq.config_sync.artifacts.store import ArtifactStore, NoSuchArtifact
from routeiq.config_sync.named_artifacts import BY_DOCUMENT, NamedArtifacts
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.signatures import sign
from tests.support.artifact_folders import write_folder
from tests.support.buckets import MemoryKeys, MemoryObjects

URL = "s3://bucket/router.tar"


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def store(objects: MemoryObjects) -> ArtifactStore:
    return ArtifactStore(objects, MemoryKeys(), most=2)


def written(folder: Path, seed: int = 0) -> Parts:
    return read_folder(write_folder(folder, seed=seed))


async def test_a_directory_beside_the_document_is_stored_and_listed(store: ArtifactStore, tmp_path: Path) -> None:
    parts = written(tmp_path / "router")
    assert await NamedArtifacts(store)("router", tmp_path) == parts.artifact_id
    [card] = await store.cards()
    assert (card.artifact_id, card.pushed_by) == (parts.artifact_id, BY_DOCUMENT)
    assert (await store.get(parts.artifact_id)).files.keys() == parts.files.keys()


async def test_an_archive_is_stored_and_listed(store: ArtifactStore, tmp_path: Path) -> None:
    parts = written(tmp_path / "router")

    async def fetch(url: str) -> bytes:
        assert url == URL
        return pack(parts)

    assert await NamedArtifacts(store, fetch)(URL, None) == parts.artifact_id
    assert [card.artifact_id for card in await store.cards()] == [parts.artifact_id]


async def test_what_is_read_again_keeps_its_card(store: ArtifactStore, tmp_path: Path) -> None:
    parts = written(tmp_path / "router")
    await store.keep(parts, "somebody", ())
    await NamedArtifacts(store)("router", tmp_path)
    assert [card.pushed_by for card in await store.cards()] == ["somebody"]


async def test_a_signature_that_comes_later_is_taken_and_one_is_never_lost(
    store: ArtifactStore, objects: MemoryObjects, tmp_path: Path
) -> None:
    parts = written(tmp_path / "router")
    signed = replace(parts, signature=sign(parts.manifest, Ed25519PrivateKey.generate()))
    for one in (parts, signed, parts):
        await store.keep(one, "", ())
    assert unpack(objects.held[parts.artifact_id]).signature == signed.signature


async def test_what_documents_brought_makes_room_for_what_comes_but_not_what_is_in_use(
    store: ArtifactStore, tmp_path: Path
) -> None:
    brought = [written(tmp_path / str(seed), seed) for seed in range(5)]
    naming = NamedArtifacts(store, in_use=lambda: {brought[0].artifact_id})
    for seed in range(5):
        await naming(str(seed), tmp_path)
    kept = {card.artifact_id for card in await store.cards()}
    assert kept == {brought[at].artifact_id for at in (0, 3, 4)}


async def test_an_id_must_be_there(store: ArtifactStore, tmp_path: Path) -> None:
    parts = written(tmp_path / "router")
    with pytest.raises(NoSuchArtifact):
        await NamedArtifacts(store)(parts.artifact_id, None)
    await store.keep(parts, "", ())
    assert await NamedArtifacts(store)(parts.artifact_id, None) == parts.artifact_id


async def test_a_directory_of_a_document_from_elsewhere_is_each_services_own(store: ArtifactStore) -> None:
    assert await NamedArtifacts(store)("router", None) == ""
    assert await store.cards() == []


async def test_without_a_way_to_fetch_a_url_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(InvalidRequest, match="push the artifact"):
        await NamedArtifacts(store)(URL, None)
