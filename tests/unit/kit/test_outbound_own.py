"""Our own services: denied by each of their names, and by whatever else leads to their address and port."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest
from structlog.testing import capture_logs

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy, OutboundRefused, servers_at
from routeiq.kit.outbound.guard import Addresses, NameUnresolved

POLICY = OutboundPolicy.from_environ(
    {
        "LLMROUTER_OUTBOUND_HOST_ALLOWLIST": "<local>,*.team.svc,*.team.svc.cluster.local,db.example",
        "LLMROUTER_OUTBOUND_CIDR_ALLOWLIST": "10.96.0.0/12,64:ff9b::/96",
        "ROUTEIQ_OUTBOUND_OWN_SERVICES": (
            "rq-control:8130, RQ-Postgres.:5432,db.example:5432 ,10.96.0.9:6379,[fd00::9]:81"
        ),
    }
)
"""As the chart sets it for a release in the namespace `team`, but for the names."""
CONTROL = "10.96.3.4"
never = pytest.raises(OutboundRefused, match="must never be called")


@dataclass
class Cluster:
    """A DNS that can be away. Counts what it is asked."""

    names: dict[str, str] = field(default_factory=lambda: {"rq-control": CONTROL})
    asked: list[str] = field(default_factory=list)
    now: float = 0.0

    async def __call__(self, name: str) -> Addresses:
        self.asked.append(name)
        if name not in self.names:
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return tuple(map(ip_address, self.names[name].split()))

    def guard(self, policy: OutboundPolicy = POLICY, origin: Origin = Origin.OPERATOR) -> OutboundGuard:
        return OutboundGuard(policy, origin, lookup=self, clock=lambda: self.now)


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize(
    "own",
    [
        "rq-control:8130", "RQ-CONTROL.:8130", "rq-control.team.svc:8130", "rq-control.team.svc.cluster.local.:8130",
        "10-244-0-7.rq-control.team.svc.cluster.local:8130", "rq-postgres-0.rq-postgres.team.svc:5432",
        "rq-postgres:5432", "db.example:5432", "10.96.0.9:6379", "[::ffff:10.96.0.9]:6379", "[fd00:0::9]:81",
    ],
)  # fmt: skip
def test_those_of_the_environment_are_denied_without_dns(own: str, origin: Origin) -> None:
    with never:
        POLICY.check_url(f"http://{own}/v1", origin)


@pytest.mark.parametrize("other", ["rq-control:8000", "agent:8130", "other.db.example:5432", "10.96.0.9:6380"])
def test_what_has_another_name_or_port_is_not(other: str) -> None:
    assert POLICY.check_url(f"http://{other}/v1", Origin.OPERATOR).port == int(other.rpartition(":")[2])


@pytest.mark.parametrize(
    "text", ["s3cret", "s3cret:", "s3cret:port", "s3cret:0", "s3cret:65536", "s3 cret:1", ":1", "fd00::9:81", "127.1:1"]
)
def test_an_entry_that_cannot_be_read_is_told_by_its_place(text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        OutboundPolicy.from_environ({"ROUTEIQ_OUTBOUND_OWN_SERVICES": f"control:8130,{text}"})
    assert raised.value.problems == ["ROUTEIQ_OUTBOUND_OWN_SERVICES: entry 2 cannot be read"]


def test_of_what_settings_name_the_readable_is_taken() -> None:
    given = ["control:8130", "[::1]:80", "10.0.0.1:4222", "unix:/run/x", "", "no port"]
    assert [(str(host), port) for host, port in servers_at(given)] == [
        ("control", 8130),
        ("::1", 80),
        ("10.0.0.1", 4222),
    ]


@pytest.mark.parametrize("origin", [Origin.DOCUMENT, Origin.OPERATOR])
@pytest.mark.parametrize("url", ["http://alias:8130/", f"http://{CONTROL}:8130/", f"http://[64:ff9b::{CONTROL}]:8130/"])
async def test_another_name_or_the_address_itself_is_denied(url: str, origin: Origin) -> None:
    dns = Cluster({"rq-control": CONTROL, "alias": CONTROL})
    with never:
        await dns.guard(origin=origin).authorize(url)


async def test_a_resolver_is_told_the_same() -> None:
    dns = Cluster({"rq-control": CONTROL, "alias": f"10.96.7.7 {CONTROL}"})
    for host in ("alias", CONTROL):
        with never:
            await dns.guard().resolve(host, 8130)


async def test_a_check_of_a_url_looks_where_a_literal_leads_and_leaves_names_to_the_resolver() -> None:
    dns = Cluster()
    with never:
        await dns.guard().check_literal(f"http://{CONTROL}:8130/")
    dns.asked.clear()
    assert (await dns.guard().check_literal("http://alias:8130/")).host == "alias"
    with never:
        await dns.guard().check_literal("http://rq-control:8130/")
    assert dns.asked == []


async def test_each_of_its_addresses_counts() -> None:
    dns = Cluster({"rq-control": "10.96.1.1 10.96.1.2", "alias": "10.96.1.2"})
    with never:
        await dns.guard().authorize("http://alias:8130/")


async def test_one_on_this_machine_is_all_of_loopback() -> None:
    dns = Cluster({"rq-control": "127.0.1.1", "alias": "127.0.0.1"})
    with never:
        await dns.guard(origin=Origin.DOCUMENT).authorize("http://alias:8130/")


async def test_the_same_address_at_another_port_passes_and_asks_for_nothing_more() -> None:
    dns = Cluster({"alias": CONTROL})
    one = dns.guard()
    assert (await one.authorize("http://alias:8000/")).addresses == (ip_address(CONTROL),)
    await one.authorize(f"http://{CONTROL}:8000/")
    assert dns.asked == ["alias"]


async def test_own_names_are_looked_up_once_in_the_time_that_answers_are_kept() -> None:
    dns = Cluster({"rq-control": CONTROL, "agent": "10.96.8.8"})
    one = dns.guard()
    for _ in range(3):
        await one.authorize("http://agent:8130/")
        await one.authorize("http://10.96.8.9:8130/")
    assert dns.asked == ["agent", "rq-control"]
    dns.now, dns.names["rq-control"] = 60.1, "10.96.8.9"  # made anew
    with never:
        await one.authorize("http://10.96.8.9:8130/")


async def test_all_names_at_a_port_are_looked_up() -> None:
    dns = Cluster({"rq-postgres": "10.96.5.5", "db.example": "10.96.5.6", "alias": "10.96.5.6"})
    for url in ("http://alias:5432/", "http://10.96.5.5:5432/"):
        with never:
            await dns.guard().authorize(url)


async def test_one_that_dns_does_not_know_stops_nobody() -> None:
    dns = Cluster({"agent": "10.96.8.8"})
    assert (await dns.guard().authorize("http://agent:8130/")).addresses == (ip_address("10.96.8.8"),)


async def test_that_is_said_once_until_dns_knows_it_again() -> None:
    dns = Cluster({})
    one = dns.guard()
    with capture_logs() as logs:
        for dns.now, dns.names in ((0, {}), (60, {}), (120, {"rq-control": CONTROL}), (240, {})):
            await one.authorize("http://10.96.8.8:8130/")
    assert [(line["event"], line["name"], line["known"]) for line in logs] == [
        ("outbound.own_service_unresolved", "rq-control", known) for known in (False, True)
    ]


async def test_while_dns_is_away_the_last_answer_counts() -> None:
    dns = Cluster()
    one = dns.guard()
    await one.authorize("http://10.96.8.8:8130/")
    dns.now, dns.names = 1000.0, {}
    with never:
        await one.authorize(f"http://{CONTROL}:8130/")


async def test_a_name_without_an_answer_is_left_alone_for_as_long_as_one_may_take() -> None:
    dns = Cluster({})
    one = dns.guard()
    await one.authorize("http://10.96.8.8:8130/")
    dns.now = 4.9
    await one.authorize(f"http://{CONTROL}:8130/")
    assert dns.asked == ["rq-control"]
    dns.now, dns.names = 5.1, {"rq-control": CONTROL}
    with never:
        await one.authorize(f"http://{CONTROL}:8130/")


async def test_silent_dns_is_not_waited_for_longer_than_the_policy_says() -> None:
    async def silent(name: str) -> Addresses:
        await asyncio.sleep(60)
        return ()

    policy = OutboundPolicy(dns_timeout_s=0.01).with_own_services([("rq-control", 8130)])
    one = OutboundGuard(policy, Origin.DOCUMENT, lookup=silent)
    assert (await one.authorize("http://10.96.8.8:8130/")).addresses == (ip_address("10.96.8.8"),)


async def test_a_name_of_ours_at_another_port_is_as_unknown_as_any_other() -> None:
    dns = Cluster({})
    one = dns.guard()
    await one.authorize("http://10.96.8.8:8130/")
    with pytest.raises(NameUnresolved):
        await one.authorize("http://rq-control:8000/")
