"""Which processes a fleet that is rolled out to has, and what each is told."""

from __future__ import annotations

from tests.support.fleet import Fleet, service_of
from tests.support.ports import free_ports
from tests.support.rolling.store import BUCKET, KEY
from tests.support.servers.s3 import ACCESS

GATEWAYS = ("gateway", "gateway-2", "gateway-3", "gateway-4")
ROUTINGS = ("routing", "routing-2")
SYNCS = ("config-sync", "config-sync-2")
LATER, ALONE, ITS_ROUTING = "gateway-5", "gateway-6", "routing-3"
"""Not started with the others. The latter two know each other and nobody else."""
INTERVAL_S, STORE_TIMEOUT_S = 1, 5
SOME_HAVE, LACKS_IT = "KEY_OF_ANOTHER_PROVIDER", "gateway-4"
"""A variable of the environment that every gateway has but one."""


def sync_of(gateway: str) -> str:
    """Which config-sync it asks: every second one the second."""
    number = gateway.rpartition("-")[2]
    return SYNCS[number.isdigit() and int(number) % 2 == 0]


def for_all(nats_url: str, store_url: str) -> dict[str, str]:
    """Of every process."""
    return {
        "ROUTEIQ_NATS_URL": nats_url,
        "CONFIG_S3_BUCKET": BUCKET,
        "CONFIG_S3_KEY": KEY,
        "CONFIG_HOT_RELOAD": "true",
        "CONFIG_SYNC_INTERVAL": str(INTERVAL_S),
        "ROUTEIQ_CONFIG_SYNC_TIMEOUT_S": str(STORE_TIMEOUT_S),
        "LLMROUTER_HA_MODE": "leader_election",
        **ACCESS,
        "AWS_ENDPOINT_URL": store_url,
        "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true",
        "ROUTEIQ_ROUTING_THREADS": "1",
    }


def introduce(fleet: Fleet) -> None:
    """Give each process its ports and the others' addresses."""
    names = (*GATEWAYS, LATER, ALONE, *ROUTINGS, ITS_ROUTING, *SYNCS)
    fleet.ports |= free_ports(*names, *(f"{name}-ops" for name in names))
    for name in names:
        fleet.own[name] = {"POD_NAME": name, **_OF_SERVICE[service_of(name)](fleet, name)}
    for name in (ALONE, ITS_ROUTING):
        fleet.own[name]["ROUTEIQ_NATS_URL"] = ""
    fleet.own[ALONE] |= {
        "LITELLM_CONFIG_PATH": str(fleet.folder / "alone.yaml"),
        "ROUTEIQ_GATEWAY_CONFIG_FROM": "own",
        "ROUTEIQ_GATEWAY_ROUTING_ADDRESS": _address(fleet, ITS_ROUTING),
    }


def _gateway(fleet: Fleet, name: str) -> dict[str, str]:
    return {
        "LITELLM_CONFIG_PATH": "",
        "ROUTEIQ_GATEWAY_CONFIG_FROM": "fleet",
        "ROUTEIQ_GATEWAY_ROUTING_ADDRESS": ",".join(_address(fleet, one) for one in ROUTINGS),
        "ROUTEIQ_GATEWAY_CONFIG_SYNC_URL": fleet.url_of(sync_of(name)),
        "ROUTEIQ_GATEWAY_STATE_DIR": str(fleet.folder / f"state-{name}"),
        **({} if name == LACKS_IT else {SOME_HAVE: "sk-another"}),
    }


def _routing(fleet: Fleet, name: str) -> dict[str, str]:
    return {
        "ROUTEIQ_ROUTING_CACHE_DIR": str(fleet.folder / f"cache-{name}"),
        "ROUTEIQ_ROUTING_ARTIFACT_PUBLIC_KEYS": str(fleet.folder / "publisher.pub"),
    }


def _sync(fleet: Fleet, name: str) -> dict[str, str]:
    return {
        "ROUTEIQ_CONFIG_SYNC_IDENTITY_KEY": str(fleet.folder / "identity.key"),
        "ROUTEIQ_CONFIG_SYNC_PUBLIC_KEYS": str(fleet.folder / "publisher.pub"),
        "ROUTEIQ_CONFIG_SYNC_ROUTING_ADDRESS": ",".join(_address(fleet, one) for one in ROUTINGS),
    }


_OF_SERVICE = {"gateway": _gateway, "routing": _routing, "config-sync": _sync}


def _address(fleet: Fleet, name: str) -> str:
    return f"127.0.0.1:{fleet.ports[name]}"
