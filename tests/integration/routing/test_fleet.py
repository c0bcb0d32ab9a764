"""A routing service in a fleet: it serves what is wanted of it, whatever becomes of the object store."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from routeiq.clients.artifact_parts import read_folder
from routeiq.clients.artifact_tar import pack
from routeiq.clients.routing import RoutingClient, make_prompt
from routeiq.kit.errors import InvalidRequest, NotFound
from routeiq.routing.app import RoutingApp
from routeiq.routing.embedders import OnnxEncoder
from routeiq.routing.settings import Settings
from tests.integration.routing.conftest import Caller, in_fleet
from tests.support.routing import write_static_artifact
from tests.support.servers.nats import NATS
from tests.support.wishes import Leader

QUESTION = make_prompt(["How far is the moon?"])
PATIENT_S = 30.0


@pytest.fixture
def settings(settings: Settings, own_nats: NATS, tmp_path: Path) -> Settings:
    return in_fleet(settings, own_nats, tmp_path)


async def selected(client: RoutingClient) -> tuple[str, str]:
    answer = await client.route(QUESTION, timeout_s=PATIENT_S)
    return answer.artifact_id, answer.selected_model


async def test_what_is_wanted_is_served_and_said(client: RoutingClient, leader: Leader, other: Path) -> None:
    own, _ = await selected(client)
    wanted = await leader.store(other)
    replica = await leader.dealt_with(await leader.want(wanted))
    assert (replica.service, replica.replica, replica.error) == ("routing", "routing-0", "")
    assert (replica.artifact, replica.applied, replica.config_version) == (wanted, 1, "c0123456789ab")
    assert await selected(client) == (wanted, "small")
    replica = await leader.dealt_with(await leader.want(""))
    assert replica.artifact == own
    assert await selected(client) == (own, "large")


async def test_the_way_back_needs_no_store(
    client: RoutingClient, leader: Leader, other: Path, settings: Settings
) -> None:
    own = await leader.store(settings.artifact_dir)
    wanted = await leader.store(other)
    for artifact_id in (own, wanted):
        await leader.dealt_with(await leader.want(artifact_id))
        await leader.artifacts.delete(artifact_id)
    assert (await leader.dealt_with(await leader.want(own))).error == ""
    assert (await selected(client))[0] == own


async def test_only_what_may_be_wanted_again_is_kept(
    leader: Leader, client: RoutingClient, settings: Settings, tmp_path: Path, encoder: OnnxEncoder
) -> None:
    ids = []
    for number in range(4):
        write_static_artifact(tmp_path / f"a{number}", encoder, prompt=f"Prompt {number}")
        ids.append(await leader.store(tmp_path / f"a{number}"))
        assert not (await leader.dealt_with(await leader.want(ids[-1]))).error
    assert settings.cache_dir is not None
    assert {one.name for one in settings.cache_dir.iterdir()} == {"lock", "wanted", *ids[-2:]}


@pytest.mark.parametrize("at", [600, -3000])
async def test_a_tampered_object_is_refused(client: RoutingClient, leader: Leader, other: Path, at: int) -> None:
    before = await selected(client)
    parts = read_folder(other)
    tar = bytearray(pack(parts))
    tar[at] ^= 1
    await leader.artifacts.put(parts.artifact_id, bytes(tar))
    replica = await leader.dealt_with(await leader.want(parts.artifact_id))
    assert "invalid" in replica.error
    assert replica.artifact == before[0]
    assert await selected(client) == before


async def test_another_artifact_under_its_id_is_refused(client: RoutingClient, leader: Leader, other: Path) -> None:
    before = await selected(client)
    await leader.artifacts.put("a" * 64, pack(read_folder(other)))
    replica = await leader.dealt_with(await leader.want("a" * 64))
    assert "under its id" in replica.error
    assert await selected(client) == before


async def test_what_is_not_there_yet_is_waited_for(client: RoutingClient, leader: Leader, other: Path) -> None:
    parts = read_folder(other)
    wish = await leader.want(parts.artifact_id)
    assert (await leader.dealt_with(0)).error == ""
    await leader.store(other)
    assert (await leader.dealt_with(wish)).artifact == parts.artifact_id


async def test_it_begins_with_what_was_wanted_where_nats_is_away(
    client: RoutingClient, app: RoutingApp, leader: Leader, other: Path, settings: Settings, own_nats: NATS
) -> None:
    wanted = await leader.store(other)
    await leader.dealt_with(await leader.want(wanted))
    await app.stop()
    away = settings.model_copy(update={"nats_url": SecretStr("nats://127.0.0.1:1")})
    again = RoutingApp(away, CollectorRegistry())
    await again.start()
    await again.wait_loaded()
    assert again.engine.loaded is not None
    assert again.engine.loaded.artifact.artifact_id == wanted
    await again.stop()


async def test_a_damaged_cache_is_no_reason_not_to_begin(
    client: RoutingClient, app: RoutingApp, leader: Leader, other: Path, settings: Settings
) -> None:
    wanted = await leader.store(other)
    await leader.dealt_with(await leader.want(wanted))
    await app.stop()
    assert settings.cache_dir is not None
    (settings.cache_dir / wanted / "golden.json").write_bytes(b"[]")
    again = RoutingApp(settings, CollectorRegistry())
    await again.start()
    await again.wait_loaded()
    replica = await leader.dealt_with(leader.wishes)
    assert (replica.artifact, replica.error) == (wanted, "")
    await again.stop()


async def test_an_artifact_is_validated_by_its_id(
    client: RoutingClient, leader: Leader, other: Path, settings: Settings
) -> None:
    wanted = await leader.store(other)
    good = await client.validate_artifact(artifact_id=wanted)
    assert (good.valid, good.artifact_id) == (True, wanted)
    assert (await selected(client))[0] != wanted
    assert settings.cache_dir is not None
    assert {one.name for one in settings.cache_dir.iterdir()} == {"lock"}
    with pytest.raises(NotFound):
        await client.validate_artifact(artifact_id="0" * 64)
    for wrong in ("../etc", "x"):
        with pytest.raises(InvalidRequest):
            await client.validate_artifact(artifact_id=wrong)
    with pytest.raises(InvalidRequest, match="not both"):
        await client.validate_artifact("/x", artifact_id=wanted)


async def test_what_is_in_the_store_is_validated_not_what_is_kept(
    client: RoutingClient, leader: Leader, other: Path
) -> None:
    wanted = await leader.store(other)
    await leader.dealt_with(await leader.want(wanted))
    await leader.artifacts.put(wanted, b"something else")
    found = await client.validate_artifact(artifact_id=wanted)
    assert (found.valid, list(found.errors)) == (False, ["it is not an uncompressed tar"])


async def test_a_service_alone_validates_no_ids(caller: Caller, settings: Settings) -> None:
    alone = RoutingApp(settings.model_copy(update={"nats_url": SecretStr("")}), CollectorRegistry())
    await alone.start()
    client = RoutingClient(alone.address, caller.signer)
    found = await client.validate_artifact(artifact_id="0" * 64)
    assert "ROUTEIQ_NATS_URL is not set" in found.errors[0]
    await client.close()
    await alone.stop()
