"""Config-sync's paths, over real NATS: what they answer, and to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from routeiq.config_sync import leader_actions
from routeiq.kit.signing import HEADER
from tests.support.servers.nats import NATS
from tests.support.syncing import FAST, USER, Follower, Sync, config_sync, document, following, write

pytestmark = pytest.mark.timeout(600)
UNION = {
    "enabled", "hot_reload_enabled", "sync_interval_seconds", "s3", "gcs", "appconfig", "configmap", "reload_count",
    "last_sync_time", "running", "local_config_path", "local_config_hash", "ha_mode", "leader_election",
}  # fmt: skip


@pytest.fixture
async def fleet(own_nats: NATS) -> AsyncIterator[dict[str, Follower]]:
    async with following(own_nats.url, "gateway.a", "gateway.b", "routing.a") as followers:
        yield followers


@pytest.fixture
async def sync(own_nats: NATS, fleet: dict[str, Follower], file: Path, tmp_path: Path) -> AsyncIterator[Sync]:
    async with config_sync(tmp_path, own_nats.url, file=file, interval_s=60) as made:
        await made.until(laggards=[], last_good=1)
        yield made


async def test_the_status_has_all_keys_of_both_shapes(sync: Sync, file: Path) -> None:
    said = await sync.status()
    assert said.keys() >= UNION
    assert (said["enabled"], said["running"], said["nats"]) == (True, True, True)
    assert said["s3"] == {"enabled": False, "bucket": None, "key": None, "last_etag": None}
    assert not said["gcs"]["enabled"]
    assert not said["appconfig"]["enabled"]
    assert said["local_config_path"] == str(file)
    assert said["leader_election"]["is_leader"]
    assert said["replicas"] == {"acked": 3, "total": 3}
    assert said["services"]["gateway"] == {"applied": 2, "total": 2, "laggards": [], "errors": {}}
    assert said["validated_by"] == ["config-sync"]
    assert said["not_validated_by"] == ["gateway"]
    for alias in ("/llmrouter/config/sync/status", "/hot-reload/status"):
        assert (await sync.get(alias)).keys() == said.keys()


@pytest.mark.parametrize("path", ["/config/reload", "/llmrouter/reload", "/router/reload"])
async def test_a_reload_rolls_out_what_is_new(sync: Sync, file: Path, fleet: dict[str, Follower], path: str) -> None:
    before = (await sync.status())["version"]
    write(file, document("two", FAST))
    said = await sync.post(path)
    assert (said["status"], said["errors"], said["previous_version"]) == ("success", [], before)
    assert said["reloaded"] == ["config"]
    assert said["replicas"] == {"acked": 3, "total": 3}
    assert not said["synced_from_remote"]
    assert said["version"] == (await sync.status())["version"] != before
    assert all("two" in one.document for one in fleet.values())


async def test_a_reload_of_what_is_not_new_says_so(sync: Sync) -> None:
    said = await sync.post("/config/reload", {"force_sync": True})
    assert (said["status"], said["reloaded"], said["version"]) == ("success", [], said["previous_version"])


async def test_a_broken_document_is_refused_with_its_lines(sync: Sync, file: Path, fleet: dict[str, Follower]) -> None:
    write(file, document("two") + "router_settings: {routing_strategy: fastest}\nrouteiq: {artifact: 5}\n")
    said = await sync.post("/config/reload")
    assert said["status"] == "failed"
    assert f"{file}:4: router_settings.routing_strategy" in said["errors"][0]["error"]
    status = await sync.status()
    assert status["refused"][0]["errors"] == [one["error"] for one in said["errors"]]
    assert "it is not valid" in status["last_error"]
    assert {one.applied for one in fleet.values()} == {1}


@pytest.mark.parametrize("force", [False, True])
async def test_what_was_refused_is_refused_though_nothing_is_new(sync: Sync, file: Path, force: bool) -> None:
    write(file, document("two") + "router_settings: {routing_strategy: fastest}\n")
    first = await sync.post("/config/reload")
    again = await sync.post("/config/reload", {"force_sync": force})
    assert (again["status"], again["errors"]) == ("failed", first["errors"])


@pytest.mark.parametrize("force", [False, True])
async def test_who_is_late_is_named_though_nothing_is_new(
    sync: Sync, file: Path, fleet: dict[str, Follower], monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    monkeypatch.setattr(leader_actions, "SETTLED_S", 1.0)
    fleet["gateway.b"].held = True
    write(file, document("two", FAST))
    first = await sync.post("/config/reload")
    again = await sync.post("/config/reload", {"force_sync": force})
    assert [one["status"] for one in (first, again)] == ["partial", "partial"]
    assert again["message"] == "Nothing has changed; not yet applied by gateway.b"
    fleet["gateway.b"].held = False
    await sync.until(laggards=[])
    assert (await sync.post("/config/reload"))["message"] == "Nothing has changed."


async def test_what_has_gone_back_has_failed_though_nothing_is_new(
    sync: Sync, file: Path, fleet: dict[str, Follower]
) -> None:
    fleet["gateway.b"].broken = "two"
    write(file, document("two", FAST))
    first = await sync.post("/config/reload")
    again = await sync.post("/config/reload")
    assert (again["status"], again["errors"]) == ("failed", first["errors"])


async def test_what_a_replica_cannot_apply_goes_back(sync: Sync, file: Path, fleet: dict[str, Follower]) -> None:
    fleet["gateway.b"].broken = "two"
    write(file, document("two", FAST))
    said = await sync.post("/config/reload")
    assert said["status"] == "failed"
    assert "gateway.b cannot serve it" in said["errors"][0]["error"]
    assert {one.applied for one in fleet.values()} == {1}
    await sync.until(laggards=[])
    again = await sync.post("/config/reload", {"force_sync": False})
    assert (again["status"], again["release"]["number"]) == ("failed", 1)
    assert "gateway.b cannot serve it" in again["errors"][0]["error"]
    fleet["gateway.b"].broken = ""
    forced = await sync.post("/config/reload", {"force_sync": True})
    assert (forced["status"], forced["release"]["number"]) == ("success", 3)


async def test_an_unknown_strategy_reloads_nothing(sync: Sync, file: Path) -> None:
    write(file, document("two", FAST))
    said = await sync.post("/router/reload", {"strategy": "llmrouter-kmm"})
    assert said["status"] == "failed"
    assert said["errors"] == [{"strategy": "llmrouter-kmm", "error": said["errors"][0]["error"]}]
    assert "there is no such strategy" in said["errors"][0]["error"]
    said = await sync.post("/router/reload", {"strategy": "llmrouter-knn"})
    assert (said["status"], said["reloaded"]) == ("success", ["llmrouter-knn"])


async def test_versions_diff_and_rollback(sync: Sync, file: Path, fleet: dict[str, Follower]) -> None:
    write(file, document("two", FAST))
    await sync.post("/config/reload")
    await sync.until(last_good=2)
    said = await sync.get("/config/versions")
    assert [(one["number"], one["state"], one["current"]) for one in said["versions"]] == [
        (2, "done", True), (1, "done", False),
    ]  # fmt: skip
    diff = await sync.get("/config/diff/1/current")
    assert {"path": "model_list[0].model_name", "before": "one", "after": "two"}.items() <= diff["changes"][0].items()
    assert '+      "model_name": "two"' in diff["diff"]
    back = await sync.post("/config/rollback")
    assert (back["status"], back["release"]["number"]) == ("success", 1)
    assert all("one" in one.document for one in fleet.values())
    named = await sync.post("/config/rollback", {"to": said["version"]})
    assert named["release"]["number"] == 2
    assert (await sync.ask("POST", "/config/rollback", {"to": 17})).status_code == 404
    fleet["gateway.b"].broken = "one"
    failed = await sync.post("/config/rollback", {"to": 1})
    assert (failed["status"], failed["release"]["number"]) == ("failed", 2)
    assert "gateway.b cannot serve it" in failed["errors"][0]["error"]


async def test_no_secret_is_in_a_diff(sync: Sync, file: Path) -> None:
    more = (
        FAST + "general_settings: {master_key: sk-verysecretword, database_url: 'postgres://u:hiddenword@h/d'}\n"
        "litellm_settings: {cache_params: {password: plainword}}\n"
        "environment_variables: {ANYTHING: otherword, REF: os.environ/HOME}\n# commentword\n"
    )
    secret = document("two", more).replace("{model: simulated/two}", "{model: openai/two, api_key: onlyletters}")
    write(file, secret)
    said = await sync.post("/config/reload")
    assert said["status"] == "success", said
    for path in ("/config/diff/1/2", "/config/diff/2/1", "/config/versions", "/config/sync/status"):
        text = (await sync.ask("GET", path)).text
        assert not [
            word for word in ("secretword", "hiddenword", "plainword", "otherword", "onlyletters") if word in text
        ]
        assert "commentword" not in text
    assert "os.environ/HOME" in (await sync.ask("GET", "/config/diff/1/2")).text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/config/reload"), ("POST", "/router/reload"), ("GET", "/config/versions"),
        ("GET", "/config/diff/1/1"), ("POST", "/config/rollback"), ("GET", "/router/artifacts"),
    ],
)  # fmt: skip
async def test_only_administrators(sync: Sync, method: str, path: str) -> None:
    assert (await sync.ask(method, path, principal=USER)).status_code == 403
    assert (await sync.client.request(method, sync.url + path)).status_code == 401
    assert (await sync.client.request(method, sync.url + path, headers={HEADER: "x"})).status_code == 401


async def test_any_key_may_ask_for_the_status(sync: Sync) -> None:
    assert (await sync.ask("GET", "/config/sync/status", principal=USER)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/config/reload", {"force_sync": "perhaps"}), ("/config/reload", []), ("/router/reload", {"strategy": 5}),
        ("/config/rollback", {"to": [1]}), ("/config/rollback", {"too": 1}),
    ],
)  # fmt: skip
async def test_bodies_that_are_wrong(sync: Sync, path: str, body: object) -> None:
    answer = await sync.ask("POST", path, body)
    assert (answer.status_code, type(answer.json()["detail"])) == (422, list)


async def test_what_is_not_there(sync: Sync) -> None:
    for path in ("/config/diff/1/99", "/config/nothing", "/config/diff/%00/1"):
        answer = await sync.ask("GET", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
