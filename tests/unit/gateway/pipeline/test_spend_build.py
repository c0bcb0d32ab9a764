"""The stage of budgets as the settings say, and what it says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from routeiq.gateway.pipeline.spend_build import MODES, build_spend
from routeiq.gateway.settings import Settings
from tests.support.spending import Ledger

REDIS = "redis://127.0.0.1:1/0"


def settings(**fields: object) -> Settings:
    base = {"master_key": SecretStr("sk-key"), "routing_address": "127.0.0.1:1", "identity_key": Path("k")}
    return Settings(**(base | fields))  # type: ignore[arg-type]  # test data


@pytest.mark.parametrize(
    ("fields", "away", "mode"),
    [
        ({}, False, "memory"),
        ({"redis_url": SecretStr(REDIS)}, False, "memory"),  # without control there are no virtual keys
        ({"redis_url": SecretStr(REDIS), "control_address": "127.0.0.1:2"}, False, "redis"),
        ({"redis_url": SecretStr(REDIS), "control_address": "127.0.0.1:2"}, True, "local"),
        (
            {"redis_url": SecretStr(REDIS), "control_address": "127.0.0.1:2", "budgets_without_redis": "closed"},
            True,
            "closed",
        ),
    ],
)
def test_how_budgets_are_decided_is_measured(fields: dict[str, object], away: bool, mode: str) -> None:
    registry = CollectorRegistry()
    book = build_spend(settings(**fields), Ledger().read, registry).book
    if book._shared is not None:
        book._shared.line.away = away
    said = {name: registry.get_sample_value("gateway_accounts_mode", {"mode": name}) for name in MODES}
    assert said == {name: float(name == mode) for name in MODES}
    assert book.waits == (mode == "redis")
