"""Two gateways, control and NATS, one process each: what is written through one gateway is in force on it at once and
on the other within a second; what happens while control or NATS is away."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from routeiq.control.store.database import open_database
from routeiq.control.store.overlay import bump
from routeiq.control.store.tables import Model
from routeiq.kit.clock import now
from tests.support.fleet import HEADERS, Fleet, fleet_in
from tests.support.servers.nats import NATS
from tests.support.servers.postgres import Postgres
from tests.support.stores import DATABASES
from tests.support.waiting import PATIENCE_S, wait_until

GATEWAYS, HASTY = ("gateway", "gateway-2"), "gateway-3"
ALL = ("control", *GATEWAYS, HASTY)
TTL_S = 2.0
POLL_S = 1.0
"""Of `HASTY`. What the others know before an hour is over, NATS has told them."""
AN_HOUR_S = "3600"
MADE: dict[str, Any] = dict.fromkeys(("created_at", "updated_at"), datetime(2026, 1, 1, tzinfo=UTC))
MADE |= dict.fromkeys(("created_by", "updated_by"), "test")

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def nats() -> Iterator[NATS]:
    with NATS() as server:
        yield server


@pytest.fixture(scope="module", params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database')}/control.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, nats: NATS, database: str) -> Iterator[Fleet]:
    """All run, and each test leaves them so."""
    settings = {
        "ROUTEIQ_CONTROL_DATABASE_URL": database,
        "ROUTEIQ_NATS_URL": nats.url,
        **dict.fromkeys(("ROUTEIQ_GATEWAY_CALLER_TTL_S", "ROUTEIQ_GATEWAY_UNKNOWN_KEY_TTL_S"), AN_HOUR_S),
        "ROUTEIQ_GATEWAY_OVERLAY_EVERY_S": AN_HOUR_S,
    }
    with fleet_in(tmp_path_factory.mktemp("fleet"), governed=True, **settings) as made:
        made.own[HASTY] = {"ROUTEIQ_GATEWAY_CALLER_TTL_S": str(TTL_S), "ROUTEIQ_GATEWAY_OVERLAY_EVERY_S": str(POLL_S)}
        for process in ALL:
            made.start(process)
        for process in ALL:
            made.wait(process)
        wait_until(lambda: all("bus.connected" in made.log_of(process) for process in ALL))
        yield made


def managed(fleet: Fleet, path: str, body: dict[str, object], process: str = "gateway") -> dict[str, Any]:
    answer = httpx.post(fleet.url_of(process) + path, headers=HEADERS, json=body, timeout=PATIENCE_S)
    assert answer.status_code == 200, answer.text
    assert "x-routeiq-internal-changed" not in answer.headers
    found: dict[str, Any] = answer.json()
    return found


def new_key(fleet: Fleet, **fields: object) -> str:
    return str(managed(fleet, "/key/generate", fields)["key"])


def asks(fleet: Fleet, process: str, key: str) -> int:
    """The status of a chat with that key."""
    body = {"model": "first", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    url = f"{fleet.url_of(process)}/v1/chat/completions"
    return httpx.post(url, headers={"authorization": f"Bearer {key}"}, json=body, timeout=PATIENCE_S).status_code


def add_model(fleet: Fleet, name: str) -> None:
    """As control's row, told to nobody."""
    params = {"model": "simulated/x", "tokens_per_second": 0, "ttft_ms": 0}
    row = Model(id=name, model_name=name, litellm_params=params, **MADE)

    async def add() -> None:
        database = open_database(fleet.environ["ROUTEIQ_CONTROL_DATABASE_URL"])
        async with database.transaction() as session:
            session.add(row)
            await bump(session, now())
        await database.close()

    asyncio.run(add())


def serves(fleet: Fleet, process: str, model: str) -> bool:
    listed = httpx.get(f"{fleet.url_of(process)}/v1/models", headers=HEADERS, timeout=PATIENCE_S).json()
    return model in {one["id"] for one in listed["data"]}


def served_version(fleet: Fleet, process: str) -> str:
    return str(httpx.get(f"{fleet.url_of(process)}/router/info", headers=HEADERS, timeout=PATIENCE_S).json()["version"])


def test_a_key_works_on_both_and_ends_on_both(fleet: Fleet) -> None:
    key = new_key(fleet)
    assert [asks(fleet, process, key) for process in GATEWAYS] == [200, 200]
    managed(fleet, "/key/block", {"key": key})
    assert asks(fleet, "gateway", key) == 401
    wait_until(lambda: asks(fleet, "gateway-2", key) == 401)
    managed(fleet, "/key/unblock", {"key": key}, "gateway-2")
    assert asks(fleet, "gateway-2", key) == 200
    wait_until(lambda: asks(fleet, "gateway", key) == 200)


def test_a_key_that_was_unknown_works_once_it_is_made(fleet: Fleet) -> None:
    assert [asks(fleet, process, "sk-of-tomorrow-0123456789") for process in GATEWAYS] == [401, 401]
    new_key(fleet, key="sk-of-tomorrow-0123456789")
    assert asks(fleet, "gateway", "sk-of-tomorrow-0123456789") == 200
    wait_until(lambda: asks(fleet, "gateway-2", "sk-of-tomorrow-0123456789") == 200)


def test_without_nats_a_key_ends_within_its_time_and_then_nats_is_used_again(fleet: Fleet, nats: NATS) -> None:
    key, other = new_key(fleet), new_key(fleet)
    assert [asks(fleet, process, one) for process in (*GATEWAYS, HASTY) for one in (key, other)] == [200] * 6
    nats.kill()
    wait_until(lambda: "bus.disconnected" in fleet.log_of(HASTY))
    managed(fleet, "/key/block", {"key": key})
    assert asks(fleet, "gateway", key) == 401
    wait_until(lambda: asks(fleet, HASTY, key) == 401)
    nats.start()
    wait_until(lambda: all(fleet.log_of(process).count("bus.connected") > 1 for process in ALL))
    assert asks(fleet, "gateway-2", other) == 200
    managed(fleet, "/key/block", {"key": other})
    wait_until(lambda: asks(fleet, "gateway-2", other) == 401)


def test_control_may_die_and_come_back(fleet: Fleet) -> None:
    key = new_key(fleet)
    assert asks(fleet, HASTY, key) == 200
    assert fleet.stop("control", signal.SIGKILL) != 0
    time.sleep(TTL_S)
    assert asks(fleet, HASTY, key) == 200
    assert asks(fleet, "gateway", "sk-nobody-knows-0123456789") == 503
    assert fleet.chat().status_code == 200
    away = httpx.get(f"{fleet.url}/key/list", headers=HEADERS, timeout=PATIENCE_S)
    assert (away.status_code, int(away.headers["retry-after"]) >= 1) == (503, True)
    assert away.json()["error"]["type"] == "service_unavailable"
    ready = httpx.get(f"http://127.0.0.1:{fleet.ports['gateway-ops']}/_health/ready", timeout=PATIENCE_S)
    assert ready.status_code == 200
    fleet.start("control")
    fleet.wait("control")
    wait_until(lambda: httpx.get(f"{fleet.url}/key/list", headers=HEADERS, timeout=PATIENCE_S).status_code == 200)
    wait_until(lambda: asks(fleet, "gateway", "sk-nobody-knows-0123456789") == 401)


def test_what_was_added_is_served_also_after_a_start_without_control(fleet: Fleet) -> None:
    add_model(fleet, "added")
    wait_until(lambda: serves(fleet, HASTY, "added"))
    wait_until(lambda: (fleet.folder / "state-gateway-3" / "overlay.bin").exists())
    version = served_version(fleet, HASTY)
    assert fleet.stop("control") == 0
    assert fleet.stop(HASTY) == 0
    fleet.start(HASTY)
    fleet.wait(HASTY)
    assert serves(fleet, HASTY, "added")
    assert served_version(fleet, HASTY) == version
    add_model(fleet, "later")
    fleet.start("control")
    fleet.wait("control")
    wait_until(lambda: serves(fleet, HASTY, "later"))


def test_a_model_is_served_when_its_write_is_answered(fleet: Fleet) -> None:
    params = {"model": "simulated/x", "tokens_per_second": 0, "ttft_ms": 0, "api_key": "sk-of-the-provider"}
    row = managed(fleet, "/model/new", {"model_name": "fresh", "litellm_params": params})
    assert "sk-of-the-provider" not in str(row)
    assert serves(fleet, "gateway", "fresh")
    wait_until(lambda: serves(fleet, "gateway-2", "fresh"))
    body = {"model": "fresh", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    answer = httpx.post(f"{fleet.url}/v1/chat/completions", headers=HEADERS, json=body, timeout=PATIENCE_S)
    assert answer.status_code == 200
    managed(fleet, "/model/delete", {"id": row["model_id"]}, "gateway-2")
    assert not serves(fleet, "gateway-2", "fresh")
    wait_until(lambda: not serves(fleet, "gateway", "fresh"))
    for process in GATEWAYS:
        assert "sk-of-the-provider" not in fleet.log_of(process)
    assert b"sk-of-the-provider" not in (fleet.folder / "state-gateway" / "overlay.bin").read_bytes()


def test_many_writes_at_once_are_all_in_force_when_they_are_answered(fleet: Fleet) -> None:
    params = {"model": "simulated/x", "tokens_per_second": 0, "ttft_ms": 0}

    def add(number: int) -> bool:
        process, name = GATEWAYS[number % 2], f"many-{number}"
        managed(fleet, "/model/new", {"model_name": name, "litellm_params": params}, process)
        return serves(fleet, process, name)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(add, range(24)))
    wait_until(lambda: all(serves(fleet, process, f"many-{one}") for process in GATEWAYS for one in range(24)))
    assert served_version(fleet, "gateway") == served_version(fleet, "gateway-2")


def test_what_the_document_says_nobody_changes_through_the_api(fleet: Fleet) -> None:
    listed = httpx.get(f"{fleet.url}/model/info", headers=HEADERS, timeout=PATIENCE_S).json()["data"]
    own = next(one for one in listed if one["model_name"] == "first")
    body = {"id": own["model_info"]["id"]}
    refused = httpx.post(f"{fleet.url}/model/delete", headers=HEADERS, json=body, timeout=PATIENCE_S)
    assert refused.status_code == 400
    assert serves(fleet, "gateway", "first")


def test_the_second_port_has_the_gateway_api_alone(fleet: Fleet) -> None:
    url = f"http://127.0.0.1:{fleet.ports['gateway-api']}"
    assert httpx.get(f"{url}/key/list", headers=HEADERS, timeout=PATIENCE_S).status_code == 404
    assert httpx.get(f"{url}/api/v1/providers", timeout=PATIENCE_S).status_code == 401
    assert httpx.get(f"{url}/api/v1/providers/none/such", headers=HEADERS, timeout=PATIENCE_S).status_code == 404


def test_a_user_reaches_its_own_and_nothing_else(fleet: Fleet) -> None:
    key = new_key(fleet)
    headers = {"authorization": f"Bearer {key}"}
    own = httpx.get(f"{fleet.url}/key/info", headers=headers, timeout=PATIENCE_S)
    assert own.status_code == 200
    assert key not in own.text
    refused = httpx.post(f"{fleet.url}/team/new", headers=headers, json={}, timeout=PATIENCE_S)
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "auth_error")
    assert httpx.get(f"{fleet.url}/audit", headers=headers, timeout=PATIENCE_S).status_code == 403


def test_the_document_of_the_api_has_what_control_serves(fleet: Fleet) -> None:
    document = httpx.get(f"{fleet.url}/openapi.json", timeout=PATIENCE_S).json()
    generate = document["paths"]["/key/generate"]["post"]
    assert "requestBody" in generate
    assert document["paths"]["/v1/chat/completions"]
