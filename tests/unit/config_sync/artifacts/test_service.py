"""What is pushed is whole and judged before it is kept; what is refused leaves what was there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.clients.artifact_parts import Parts, PartsInvalid, read_folder
from routeiq.clients.artifact_tar import pack, unpack
from routeiq.config_sync.artifacts.service import ArtifactService, Upload
from routeiq.config_sync.artifacts.store import ArtifactStore, NoSuchArtifact
from routeiq.kit.asgi import ClientDisconnected
from routeiq.kit.signatures import key_id, sign
from tests.support.artifact_folders import write_folder
from tests.support.buckets import MemoryKeys, MemoryObjects
from tests.support.shelves import TwinFleet, TwinJudge

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def judge() -> TwinJudge:
    return TwinJudge()


@pytest.fixture
def fleet() -> TwinFleet:
    return TwinFleet()


@pytest.fixture
def service(objects: MemoryObjects, judge: TwinJudge, fleet: TwinFleet) -> ArtifactService:
    return ArtifactService(ArtifactStore(objects, MemoryKeys()), fleet, judge)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    said = {"candidates": [{"name": "small"}, {"name": "large"}], "training": {"prompts": 7, "seed": 3}}
    return read_folder(write_folder(tmp_path / "artifact", **said))


def signed(parts: Parts, key: Ed25519PrivateKey = KEY) -> Parts:
    return replace(parts, signature=sign(parts.manifest, key))


def upload(parts: Parts) -> Upload:
    async def come() -> bytes:
        return pack(parts)

    return come


async def test_what_is_pushed_is_listed_with_its_card(service: ArtifactService, parts: Parts, judge: TwinJudge) -> None:
    pushed = await service.push(upload(signed(parts)), "somebody")
    assert (pushed.created, pushed.judged) == (True, True)
    [card], wanted = await service.cards()
    assert (card.artifact_id, wanted) == (parts.artifact_id, "")
    assert (card.candidates, card.prompts, card.seed, card.pushed_by) == (("small", "large"), 7, 3, "somebody")
    assert card.signed_by == key_id(KEY.public_key())
    assert judge.asked == [parts.artifact_id]


async def test_what_routing_refuses_is_not_kept(
    service: ArtifactService, parts: Parts, judge: TwinJudge, objects: MemoryObjects
) -> None:
    judge.problems = ["it is not signed", "opset 99"]
    with pytest.raises(PartsInvalid, match="opset 99"):
        await service.push(upload(parts), "")
    assert objects.held == {}
    assert await service.cards() == ([], "")


async def test_without_a_routing_service_it_is_kept_and_that_is_said(
    service: ArtifactService, parts: Parts, judge: TwinJudge
) -> None:
    judge.away = True
    assert (await service.push(upload(parts), "")).judged is False
    assert len((await service.cards())[0]) == 1


async def test_a_signature_is_never_lost_to_a_push_without_one(
    service: ArtifactService, parts: Parts, objects: MemoryObjects
) -> None:
    await service.push(upload(signed(parts)), "")
    assert (await service.push(upload(parts), "")).created is False
    assert unpack(objects.held[parts.artifact_id]).signature is not None
    assert (await service.cards())[0][0].signed_by is not None


async def test_a_signature_comes_later(service: ArtifactService, parts: Parts, objects: MemoryObjects) -> None:
    await service.push(upload(parts), "")
    await service.push(upload(signed(parts)), "")
    assert objects.held[parts.artifact_id] == pack(signed(parts))


async def test_a_refused_signature_leaves_the_former(
    service: ArtifactService, parts: Parts, judge: TwinJudge, objects: MemoryObjects
) -> None:
    await service.push(upload(signed(parts)), "first")
    judge.problems = ["signed by a stranger"]
    with pytest.raises(PartsInvalid):
        await service.push(upload(signed(parts, Ed25519PrivateKey.generate())), "second")
    assert objects.held[parts.artifact_id] == pack(signed(parts))
    assert (await service.cards())[0][0].pushed_by == "first"


@pytest.mark.parametrize("said", [{"candidates": 7}, {"training": []}, {"metrics": {"val": {"gap": "x"}}}])
async def test_a_manifest_with_other_kinds_of_fields_is_refused(
    service: ArtifactService, tmp_path: Path, said: dict[str, object]
) -> None:
    odd = read_folder(write_folder(tmp_path / "odd", **said))
    with pytest.raises(PartsInvalid):
        await service.push(upload(odd), "")


async def test_what_is_no_signature_is_refused(service: ArtifactService, parts: Parts) -> None:
    with pytest.raises(PartsInvalid, match=r"manifest\.sig"):
        await service.push(upload(replace(parts, signature=b"no")), "")


async def test_one_upload_comes_after_the_other(service: ArtifactService, parts: Parts) -> None:
    begun, goes_on = [], asyncio.Event()

    async def slowly() -> bytes:
        begun.append(len(begun))
        await goes_on.wait()
        return pack(parts)

    pushes = [asyncio.create_task(service.push(slowly, "")) for _ in range(2)]
    await asyncio.sleep(0.05)
    assert begun == [0], "nothing is held in memory that has to wait"
    goes_on.set()
    assert [one.created for one in await asyncio.gather(*pushes)] == [True, False]


async def test_an_upload_that_breaks_off_makes_way(service: ArtifactService, parts: Parts) -> None:
    async def broken() -> bytes:
        raise ClientDisconnected("it left")

    with pytest.raises(ClientDisconnected):
        await service.push(broken, "")
    assert (await service.push(upload(parts), "")).created


async def test_one_that_is_there_can_be_promoted(service: ArtifactService, parts: Parts) -> None:
    await service.push(upload(parts), "")
    moved = await service.promote(parts.artifact_id, "")
    assert (moved.artifact_id, moved.previous_id) == (parts.artifact_id, "")
    assert (await service.cards())[1] == parts.artifact_id


@pytest.mark.parametrize("artifact_id", ["0" * 64, "..", "", "x" * 1000])
async def test_one_that_is_not_there_cannot(service: ArtifactService, artifact_id: str) -> None:
    for doing in (service.promote(artifact_id, ""), service.compare(artifact_id, artifact_id)):
        with pytest.raises(NoSuchArtifact):
            await doing


async def test_the_oldest_are_cleared_away_but_those_in_use(
    fleet: TwinFleet, objects: MemoryObjects, tmp_path: Path
) -> None:
    service = ArtifactService(ArtifactStore(objects, MemoryKeys(), most=2), fleet, None)
    pushed = [read_folder(write_folder(tmp_path / str(number), seed=number)) for number in range(5)]
    await service.push(upload(pushed[0]), "")
    await service.promote(pushed[0].artifact_id, "")
    for one in pushed[1:]:
        await service.push(upload(one), "")
    kept = {pushed[at].artifact_id for at in (0, 3, 4)}
    assert objects.held.keys() == kept
    assert {card.artifact_id for card in (await service.cards())[0]} == kept
