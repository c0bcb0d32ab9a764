"""The suite's own stores, which no URL may lead to, whatever is allowed."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from routeiq.kit.outbound import InvalidURL, Origin, OutboundPolicy, OutboundRefused
from routeiq.kit.outbound.stores import places, servers

ENVIRON = {
    "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true",
    "LLMROUTER_OUTBOUND_HOST_ALLOWLIST": "postgres",
    "ROUTEIQ_CONTROL_DATABASE_URL": "postgresql://me:pw@postgres/routeiq",
    "DATABASE_URL": "postgresql://me:pw@10.0.0.5:6543,db-2.example:5432/app?sslmode=require",
    "ROUTEIQ_NATS_URL": "nats://token@10.0.0.6,nats://token@nats-2:4333",
    "REDIS_HOST": "localhost",
}
OWN = ["postgres:5432", "10.0.0.5:6543", "db-2.example:5432", "10.0.0.6:4222", "nats-2:4333", "127.0.0.1:6379"]


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize("own", [*OWN, "POSTGRES.:5432", "[::1]:6379", "localhost:6379", "[::ffff:10.0.0.6]:4222"])
def test_they_are_denied_on_anybodys_word(own: str, origin: Origin) -> None:
    with pytest.raises(OutboundRefused, match="never be called"):
        OutboundPolicy.from_environ(ENVIRON).check_url(f"http://{own}/v1", origin)


@pytest.mark.parametrize("other", ["postgres:8080", "10.0.0.5:5432", "127.0.0.1:4222"])
def test_what_else_is_on_those_machines_is_not(other: str) -> None:
    policy = OutboundPolicy.from_environ(ENVIRON)
    assert policy.check_url(f"http://{other}/v1", Origin.OPERATOR).port == int(other.rpartition(":")[2])


def test_a_resolver_knows_them_by_name_and_by_address() -> None:
    policy = OutboundPolicy.from_environ(ENVIRON)
    for host, address in (("postgres", "10.9.9.9"), ("other.example", "10.0.0.5")):
        with pytest.raises(OutboundRefused):
            policy.check_host(host, 5432 if host == "postgres" else 6543, ip_address(address), Origin.DOCUMENT)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("", []),
        ("sqlite:////var/lib/control.db", []),
        ("postgresql:///app?host=/run/postgresql", []),
        ("postgresql://me@/app?host=10.0.0.1,db&port=1", [("10.0.0.1", 1), ("db", 1)]),
        ("postgresql://me:a,b@db:1/app", [("db", 1)]),
        ("postgresql://[2001:db8::1]:7/app", [("2001:db8::1", 7)]),
        ("postgresql://db:port/app", [("db", 5432)]),
        ("what is this", []),
    ],
)
def test_an_address_of_a_store(url: str, found: list[tuple[str, int]]) -> None:
    assert {(str(host), port) for host, port in servers(url, 5432)} >= set(found)
    assert bool(list(servers(url, 5432))) is bool(found)


def test_what_is_no_host_cannot_be_denied() -> None:
    with pytest.raises(InvalidURL):
        OutboundPolicy().with_own_services([("no host", 1)])


def test_kubernetes_way_to_say_a_port() -> None:
    policy = OutboundPolicy.from_environ({"REDIS_HOST": "redis", "REDIS_PORT": "tcp://10.0.0.1:6380"})
    with pytest.raises(OutboundRefused):
        policy.check_url("http://redis:6380/", Origin.OPERATOR)


@pytest.mark.parametrize(
    ("urls", "found"),
    [
        ("nats://token@10.0.0.4:4223/, 10.0.0.5", ["10.0.0.4:4223", "10.0.0.5:4222"]),
        ("rediss://u:p@[::1]/0", ["[::1]:6379"]),
        ("https://control", ["control:443"]),
        ("", []),
    ],
)
def test_places(urls: str, found: list[str]) -> None:
    assert places(urls) == found
