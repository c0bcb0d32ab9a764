"""Names are resolved once, every answer is checked, and aiohttp is given only what passed."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import pytest

from routeiq.kit.outbound import InvalidURL, Origin, OutboundGuard, OutboundPolicy, OutboundRefused, system_lookup
from routeiq.kit.outbound.aiohttp_transport import PinnedResolver
from routeiq.kit.outbound.guard import Addresses, NameUnresolved
from routeiq.kit.outbound.prefixes import URLPrefix

PUBLIC = "1.1.1.1"


class FakeDNS:
    """Gives one answer after another; the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Addresses:
        self.asked.append(name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return tuple(map(ip_address, answer))


class FakeClock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def guard(
    dns: FakeDNS, origin: Origin = Origin.OPERATOR, policy: OutboundPolicy | None = None, clock: FakeClock | None = None
) -> OutboundGuard:
    return OutboundGuard(policy or OutboundPolicy(), origin, lookup=dns, clock=clock or FakeClock())


async def test_route_names_the_checked_addresses() -> None:
    route = await guard(FakeDNS([PUBLIC, "2606:4700::1"])).authorize("https://Api.example/v1")
    assert (route.target.host, route.target.port) == ("api.example", 443)
    assert route.addresses == (ip_address(PUBLIC), ip_address("2606:4700::1"))


async def test_one_forbidden_answer_refuses_the_name() -> None:
    with pytest.raises(OutboundRefused):
        await guard(FakeDNS([PUBLIC, "10.0.0.1"])).authorize("https://api.example")


@pytest.mark.parametrize("origin", list(Origin))
async def test_name_that_leads_to_metadata_is_refused_for_everybody(origin: Origin) -> None:
    with pytest.raises(OutboundRefused):
        await guard(FakeDNS(["169.254.169.254"]), origin, OutboundPolicy(allow_private=True)).authorize(
            "http://rebind.example"
        )


async def test_document_may_name_a_private_host() -> None:
    assert await guard(FakeDNS(["10.0.0.1"]), Origin.DOCUMENT).resolve("vllm.internal", 8000) == (
        ip_address("10.0.0.1"),
    )


async def test_check_and_connection_see_the_same_answer_though_dns_changes() -> None:
    dns = FakeDNS([PUBLIC], ["10.0.0.1"])
    one = guard(dns)
    await one.authorize("http://rebind.example")
    assert await one.resolve("rebind.example", 80) == (ip_address(PUBLIC),)
    assert dns.asked == ["rebind.example"]


async def test_answer_is_asked_for_again_after_its_time_and_checked_again() -> None:
    dns, clock = FakeDNS([PUBLIC], ["10.0.0.1"]), FakeClock()
    one = guard(dns, clock=clock)
    await one.resolve("h", 80)
    clock.now = 60.1
    with pytest.raises(OutboundRefused):
        await one.resolve("h", 80)


async def test_answers_kept_are_bounded_and_the_oldest_goes_first() -> None:
    dns = FakeDNS([PUBLIC])
    one = guard(dns, policy=OutboundPolicy(dns_cache_size=2))
    for name in ("a", "b", "a", "c", "a", "b"):
        await one.resolve(name, 80)
    assert dns.asked == ["a", "b", "c", "b"]


async def test_nothing_is_kept_at_size_zero() -> None:
    dns = FakeDNS([PUBLIC])
    one = guard(dns, policy=OutboundPolicy(dns_cache_size=0))
    await one.resolve("a", 80)
    await one.resolve("a", 80)
    assert dns.asked == ["a", "a"]


async def test_literal_address_asks_no_dns() -> None:
    dns = FakeDNS([PUBLIC])
    assert (await guard(dns).authorize("http://8.8.8.8/")).addresses == (ip_address("8.8.8.8"),)
    with pytest.raises(OutboundRefused):
        await guard(dns).resolve("10.0.0.1", 80)
    assert dns.asked == []


async def test_unknown_name_and_silent_dns_are_told() -> None:
    async def unknown(name: str) -> Addresses:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    async def silent(name: str) -> Addresses:
        await asyncio.sleep(60)
        return ()

    for lookup in (unknown, silent, FakeDNS([])):
        one = OutboundGuard(OutboundPolicy(dns_timeout_s=0.01), Origin.OPERATOR, lookup=lookup)
        with pytest.raises(NameUnresolved):
            await one.authorize("http://nowhere.example")


async def test_bad_url_is_told_apart() -> None:
    with pytest.raises(InvalidURL):
        await guard(FakeDNS([PUBLIC])).authorize("http://127.1/")


async def test_path_of_a_listed_url_counts_where_the_url_is_known() -> None:
    policy = OutboundPolicy(urls=(URLPrefix.parse("http://h/a"),))
    one = guard(FakeDNS(["10.0.0.1"]), policy=policy)
    await one.authorize("http://h/a/b")
    with pytest.raises(OutboundRefused):
        await one.authorize("http://h/b")


async def test_resolver_answers_with_pinned_addresses_of_the_family() -> None:
    resolver = PinnedResolver(guard(FakeDNS([PUBLIC, "2606:4700::1"])))
    both = await resolver.resolve("h", 443, socket.AF_UNSPEC)
    assert [(one["host"], one["port"], one["hostname"]) for one in both] == [
        (PUBLIC, 443, "h"),
        ("2606:4700::1", 443, "h"),
    ]
    assert all(one["flags"] & socket.AI_NUMERICHOST for one in both)
    assert [one["host"] for one in await resolver.resolve("h", 443)] == [PUBLIC]
    await resolver.close()


async def test_resolver_refuses_as_an_os_error() -> None:
    with pytest.raises(OSError, match="must never be called"):
        await PinnedResolver(guard(FakeDNS(["169.254.169.254"]))).resolve("h", 80)


async def test_system_lookup_reads_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [
        (socket.AF_INET6, 1, 6, "", ("fe80::1%eth0", 0, 0, 2)),
        (socket.AF_INET, 1, 6, "", (PUBLIC, 0)),
        (socket.AF_INET, 1, 6, "", (PUBLIC, 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answer)
    assert await system_lookup("h") == (ip_address("fe80::1"), ip_address(PUBLIC))
