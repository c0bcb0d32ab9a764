"""Each variable that the chart sets is one that its service reads, and has a value that this service takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from routeiq.a2a_registry.settings import Settings as A2ARegistry
from routeiq.config_sync.election_settings import HASettings
from routeiq.config_sync.settings import Settings as ConfigSync
from routeiq.config_sync.sources.settings import SourceSettings
from routeiq.control.settings import Settings as Control
from routeiq.gateway.settings import Settings as Gateway
from routeiq.kit.outbound.settings import read_settings as read_outbound
from routeiq.routing.settings import Settings as Routing
from tests.support.chart import SERVICES, Rendering
from tests.support.known_environment import known

PROVIDERS = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HTTPS_PROXY", "PGSSLROOTCERT"}
"""What the values files bring for the document, for the network, and for the database's library."""
SETTINGS: Mapping[str, tuple[type[BaseSettings], ...]] = {
    "gateway": (Gateway,),
    "control": (Control,),
    "routing": (Routing,),
    "config-sync": (ConfigSync, SourceSettings, HASettings),
    "a2a-registry": (A2ARegistry,),
}


def told(chart: Rendering, component: str) -> dict[str, Any]:
    (container,) = chart.component(component).containers
    return {one["name"]: one.get("value") for one in container["env"]}


@pytest.mark.parametrize("service", SERVICES)
def test_each_variable_is_one_that_the_service_reads(chart: Rendering, service: str) -> None:
    env = told(chart, service)
    parts = {part for value in env.values() for part in re.findall(r"\$\(([A-Z_]+)\)", value or "")}
    assert env.keys() - parts - PROVIDERS - known(service) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_no_variable_is_set_twice(chart: Rendering, service: str) -> None:
    (container,) = chart.component(service).containers
    names = [one["name"] for one in container["env"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("service", SERVICES)
def test_parts_of_a_value_are_set_before_it(chart: Rendering, service: str) -> None:
    """Kubernetes resolves `$(NAME)` only of variables above; else the text itself would be the password."""
    (container,) = chart.component(service).containers
    names = [one["name"] for one in container["env"]]
    for position, one in enumerate(container["env"]):
        for part in re.findall(r"\$\(([A-Z_]+)\)", one.get("value") or ""):
            assert part in names[:position], f"{one['name']} is above {part}"


@pytest.mark.parametrize("service", SETTINGS)
def test_the_service_takes_what_it_is_told(chart: Rendering, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in told(chart, service).items():
        if name not in PROVIDERS:
            monkeypatch.setenv(name, value if value is not None else "redis://from-a-secret:1")
    if service == "gateway":
        monkeypatch.setenv("ROUTEIQ_GATEWAY_MASTER_KEY", "of-a-secret")
    for settings in SETTINGS[service]:
        settings()


@pytest.mark.parametrize("service", ["gateway", "control"])
def test_the_list_of_hosts_that_may_be_called_can_be_read(chart: Rendering, service: str) -> None:
    env = {name: (value or "").replace("$(POD_NAMESPACE)", "suite") for name, value in told(chart, service).items()}
    allowed = read_outbound(env)
    assert allowed["hosts"]
    assert not allowed["allow_private"]


@pytest.mark.parametrize("service", SERVICES)
def test_services_listen_where_other_pods_reach_them(chart: Rendering, service: str) -> None:
    prefix = f"ROUTEIQ_{service.replace('-', '_').upper()}_"
    assert told(chart, service)[f"{prefix}HOST"] == ("::" if "everything" in chart.name else "0.0.0.0")


def test_a_drain_takes_what_values_say(everything: Rendering) -> None:
    env = told(everything, "gateway")
    assert (env["ROUTEIQ_GATEWAY_DRAIN_S"], env["ROUTEIQ_GATEWAY_DRAIN_DELAY_S"]) == ("300", "10")
