"""What the gateway takes from its environment, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from routeiq.config.environment import LaunchSettings
from routeiq.gateway.pipeline import decision_cache, spend, sticky
from routeiq.gateway.settings import Settings, read_settings
from routeiq.kit.errors import ConfigurationError
from tests.support.twins import state


def settings(**fields: object) -> Settings:
    base = {"master_key": SecretStr("sk-key"), "routing_address": "127.0.0.1:1", "identity_key": Path("k")}
    return Settings(**(base | fields))  # type: ignore[arg-type]  # test data


def test_every_address_of_routing_is_one_of_our_own_services() -> None:
    made = settings(routing_address="10.0.0.1:1, 10.0.0.2:2", control_url="http://10.0.0.3:3/", port=4000)
    ours = ["127.0.0.1:4000", "127.0.0.1:4001"]
    assert made.own_services() == ["10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3", *ours]


def test_so_are_the_stores_and_every_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_NATS_URL", "nats://token@10.0.0.4:4223/, 10.0.0.5")
    made = settings(redis_url=SecretStr("redis://u:p@10.0.0.6/0"), api_port=8200, ops_host="::1")
    assert {"10.0.0.4:4223", "10.0.0.5:4222", "10.0.0.6:6379", "127.0.0.1:8200", "[::1]:4001"} < set(
        made.own_services()
    )


def test_redis_is_where_the_contracts_names_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().redis_url.get_secret_value() == ""
    monkeypatch.setenv("REDIS_HOST", "10.0.0.7")
    assert settings().redis_url.get_secret_value() == "redis://10.0.0.7:6379/0"
    assert settings(redis_url=SecretStr("redis://own")).redis_url.get_secret_value() == "redis://own"
    monkeypatch.setenv("REDIS_PORT", "tcp://10.96.0.1:6380")  # as Kubernetes does
    assert settings().redis_url.get_secret_value() == "redis://10.0.0.7:6380/0"
    monkeypatch.setenv("REDIS_PORT", "none")
    with pytest.raises(ValidationError, match="REDIS_PORT: Input should be a valid integer"):
        settings()


def test_defaults_are_those_of_the_parts() -> None:
    made = settings()
    assert (made.decision_cache_size, made.decision_cache_ttl_s) == (decision_cache.SIZE, decision_cache.TTL_S)
    assert (made.conversations, made.conversation_ttl_s) == (sticky.SIZE, sticky.TTL_S)
    assert made.routing_batch_wait_ms == 1
    assert (made.budget_exceeded_status, made.budgets_without_redis) == (spend.STATUS, "local")


def test_no_web_page_may_call_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().cors() is None
    monkeypatch.setenv("ROUTEIQ_CORS_ORIGINS", "https://app.example")
    made = settings().cors()
    assert made is not None
    assert len(made.lines(b"https://app.example")) == 3


def test_an_origin_that_is_none_is_named_as_the_contract_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_CORS_ORIGINS", "app.example/")
    for key, given in (("ROUTING_ADDRESS", "127.0.0.1:1"), ("IDENTITY_KEY", "k"), ("MASTER_KEY", "sk-key")):
        monkeypatch.setenv(f"ROUTEIQ_GATEWAY_{key}", given)
    with pytest.raises(ConfigurationError, match=r"^ROUTEIQ_CORS_ORIGINS: "):
        read_settings(LaunchSettings.from_environ({}), state(), {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROUTING_ADDRESS", "nowhere"),
        ("ROUTING_BATCH_SIZE", "0"),
        ("DECISION_CACHE_TTL_S", "0"),
        ("CONVERSATIONS", "-1"),
        ("BUDGET_EXCEEDED_STATUS", "500"),
        ("BUDGETS_WITHOUT_REDIS", "open"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    good = {"MASTER_KEY": "sk-key", "ROUTING_ADDRESS": "127.0.0.1:1", "IDENTITY_KEY": "k"}
    for key, given in (good | {name: value}).items():
        monkeypatch.setenv(f"ROUTEIQ_GATEWAY_{key}", given)
    with pytest.raises(ConfigurationError, match=f"ROUTEIQ_GATEWAY_{name}: "):
        read_settings(LaunchSettings.from_environ({}), state(), {})


def given(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for key, value in ({"MASTER_KEY": "sk-key", "ROUTING_ADDRESS": "127.0.0.1:1", "IDENTITY_KEY": "k"} | more).items():
        monkeypatch.setenv(f"ROUTEIQ_GATEWAY_{key}", value)


def test_older_names_serve_where_there_is_no_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, CONVERSATIONS="7")
    older = {
        "ROUTEIQ_MAX_CONCURRENT_REQUESTS": "0",
        "ROUTEIQ_DRAIN_TIMEOUT_SECONDS": "12",
        "CONVERSATION_AFFINITY_TTL": "60",
        "CONVERSATION_AFFINITY_MAX_ENTRIES": "9",
        "ROUTEIQ_GATEWAY_CONVERSATIONS": "7",
    }
    made = read_settings(LaunchSettings.from_environ({}), state(), older)
    assert (made.max_concurrency, made.drain_s, made.conversation_ttl_s, made.conversations) == (0, 12, 60, 7)


def test_wrong_value_of_an_older_name_is_said_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch)
    with pytest.raises(ConfigurationError, match="ROUTEIQ_DRAIN_TIMEOUT_SECONDS: "):
        read_settings(LaunchSettings.from_environ({}), state(), {"ROUTEIQ_DRAIN_TIMEOUT_SECONDS": "x"})
