"""The rules of contract 3.10: deny beats allow, and who may allow what."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.outbound import Origin, OutboundPolicy, OutboundRefused
from routeiq.kit.outbound.hosts import parse_url
from routeiq.kit.outbound.prefixes import URLPrefix

EVERY_LIST = OutboundPolicy.from_environ(
    {
        "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true",
        "LLMROUTER_OUTBOUND_HOST_ALLOWLIST": "metadata.google.internal,169.254.169.254,localhost",
        "LLMROUTER_OUTBOUND_CIDR_ALLOWLIST": "0.0.0.0/0,::/0",
        "LLMROUTER_OUTBOUND_URL_ALLOWLIST": "http://169.254.169.254,http://metadata.google.internal",
    }
).with_own_services([("127.0.0.1", 5432), ("10.0.0.9", 6379), ("0.0.0.0", 4222)])


def allowed(policy: OutboundPolicy, url: str, origin: Origin, address: str | None = None) -> bool:
    try:
        target = policy.check_url(url, origin)
        if address is not None:
            policy.check_address(target, ip_address(address), origin)
    except OutboundRefused:
        return False
    return True


@pytest.mark.parametrize("origin", list(Origin))
@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest", "http://[fd00:ec2::254]/", "http://metadata.google.internal/x",
        "http://METADATA.google.internal./x", "http://metadata/",
        "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:a9fe:a9fe::]/",
        "http://0.0.0.0:9/", "http://[::]/", "http://100.100.100.200",
        "http://127.0.0.1:5432", "http://localhost:5432", "http://127.9.9.9:5432", "http://[::1]:5432",
        "http://[::ffff:127.0.0.1]:5432", "http://10.0.0.9:6379",
        "http://[64:ff9b::a00:9]:6379", "http://a.localhost:4222", "http://127.0.0.1:4222",
    ],
)  # fmt: skip
def test_what_must_never_be_called_is_refused_whatever_allows_it(url: str, origin: Origin) -> None:
    assert not allowed(EVERY_LIST, url, origin)


@pytest.mark.parametrize("origin", list(Origin))
def test_public_addresses_pass(origin: Origin) -> None:
    assert allowed(OutboundPolicy(), "https://api.example.com/v1", origin, "1.1.1.1")
    assert allowed(OutboundPolicy(), "https://8.8.8.8/", origin)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://localhost:8000",
        "http://x.localhost",
        "http://10.1.2.3",
        "http://[fd12::1]",
        "http://[::ffff:10.0.0.1]",
    ],
)
@pytest.mark.parametrize(
    ("origin", "passes"), [(Origin.DOCUMENT, True), (Origin.OPERATOR, False), (Origin.CALLER, False)]
)
def test_private_addresses_pass_only_for_the_operators_document(url: str, origin: Origin, passes: bool) -> None:
    assert allowed(OutboundPolicy(), url, origin) is passes
    assert allowed(OutboundPolicy(allow_private=True), url, origin)


def test_origin_is_the_operator_unless_said() -> None:
    with pytest.raises(OutboundRefused) as raised:
        OutboundPolicy().check_url("http://10.0.0.1")
    assert (raised.value.status, raised.value.code) == (400, "ssrf_blocked")


@pytest.mark.parametrize(
    "policy",
    [
        OutboundPolicy(hosts=("agent.ns.svc.cluster.local",)),
        OutboundPolicy(hosts=(".svc.cluster.local",)),
        OutboundPolicy(networks=(ip_network("10.0.0.0/8"),)),
        OutboundPolicy(urls=(URLPrefix.parse("http://agent.ns.svc.cluster.local:8000/a2a"),)),
    ],
)
def test_lists_open_private_addresses_to_the_operator_but_never_to_a_caller(policy: OutboundPolicy) -> None:
    url = "http://agent.ns.svc.cluster.local:8000/a2a/x"
    assert allowed(policy, url, Origin.OPERATOR, "10.4.4.4")
    assert not allowed(policy, url, Origin.CALLER, "10.4.4.4")
    assert not allowed(policy, "http://other:8000/a2a", Origin.OPERATOR, "192.168.0.1")


def test_suffix_does_not_open_the_name_itself_nor_a_lookalike() -> None:
    policy = OutboundPolicy(hosts=(".corp",))
    assert not allowed(policy, "http://corp", Origin.OPERATOR, "10.0.0.1")
    assert not allowed(policy, "http://evilcorp", Origin.OPERATOR, "10.0.0.1")
    assert allowed(policy, "http://a.corp", Origin.OPERATOR, "10.0.0.1")


@pytest.mark.parametrize(
    ("prefix", "url", "covered"),
    [
        ("http://h:8/a", "http://h:8/a", True), ("http://h:8/a", "http://h:8/a/b?c", True),
        ("http://h:8/a/", "http://h:8/a", True), ("http://h", "http://h/any", True),
        ("http://h:8/a", "http://h:8/ab", False), ("http://h:8/a", "http://h:9/a", False),
        ("http://h:8/a", "https://h:8/a", False), ("http://h", "http://h.evil", False),
        ("http://h:8/a", "http://h:8/a/../b", False), ("http://h:8/a", "http://h:8/a/%2e%2e/b", False),
        ("http://h:8/a", "http://h:8/a/%252e%252e/b", False),
        ("http://h:8/a", "http://h:8/a/..%5Cb", False), ("http://H:80", "http://h/", True),
    ],
)  # fmt: skip
def test_prefix_matches_by_parts(prefix: str, url: str, covered: bool) -> None:
    assert URLPrefix.parse(prefix).covers(parse_url(url)) is covered


def test_network_must_cover_every_private_form_of_an_address() -> None:
    nat64 = "64:ff9b:1::a00:1"
    assert not allowed(OutboundPolicy(networks=(ip_network("10.0.0.0/8"),)), "http://h", Origin.OPERATOR, nat64)
    both = OutboundPolicy(networks=(ip_network("10.0.0.0/8"), ip_network("64:ff9b:1::/48")))
    assert allowed(both, "http://h", Origin.OPERATOR, nat64)


def test_listed_url_opens_its_port_to_a_resolver() -> None:
    policy = OutboundPolicy(urls=(URLPrefix.parse("http://h:8/a"),))
    policy.check_host("h", 8, ip_address("10.0.0.1"), Origin.OPERATOR)
    with pytest.raises(OutboundRefused):
        policy.check_host("h", 9, ip_address("10.0.0.1"), Origin.OPERATOR)


def test_policy_is_read_from_the_environment_and_its_older_names() -> None:
    policy = OutboundPolicy.from_environ(
        {
            "LLMROUTER_ALLOW_PRIVATE_IPS": "1",
            "LLMROUTER_OUTBOUND_HOST_ALLOWLIST": "A.example, .suffix,*.star.example,,[::1]",
            "LLMROUTER_SSRF_ALLOWLIST_HOSTS": "old.example",
            "LLMROUTER_OUTBOUND_CIDR_ALLOWLIST": "10.0.0.1/8",
            "LLMROUTER_SSRF_ALLOWLIST_CIDRS": "fd00::/8",
            "LLMROUTER_OUTBOUND_URL_ALLOWLIST": "http://h/p",
            "LLMROUTER_SSRF_DNS_TIMEOUT": "2.5",
            "LLMROUTER_SSRF_DNS_CACHE_TTL": "0",
            "LLMROUTER_SSRF_DNS_CACHE_SIZE": "7",
        }
    )
    assert policy == OutboundPolicy(
        allow_private=True,
        hosts=("a.example", ".suffix", ".star.example", "::1", "old.example"),
        networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        urls=(URLPrefix.parse("http://h/p"),),
        dns_timeout_s=2.5,
        dns_cache_ttl_s=0,
        dns_cache_size=7,
    )


def test_empty_environment_is_the_default() -> None:
    assert OutboundPolicy.from_environ({"LLMROUTER_OUTBOUND_ALLOW_PRIVATE": ""}) == OutboundPolicy()


def test_every_bad_value_is_named_and_not_shown() -> None:
    values = {
        "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "maybe",
        "LLMROUTER_OUTBOUND_HOST_ALLOWLIST": "ok, s3cret host",
        "LLMROUTER_OUTBOUND_CIDR_ALLOWLIST": "s3cret/8",
        "LLMROUTER_OUTBOUND_URL_ALLOWLIST": "ftp://s3cret",
        "LLMROUTER_SSRF_DNS_TIMEOUT": "0",
        "LLMROUTER_SSRF_DNS_CACHE_TTL": "-1",
        "LLMROUTER_SSRF_DNS_CACHE_SIZE": "nan",
    }
    with pytest.raises(ConfigurationError) as raised:
        OutboundPolicy.from_environ(values)
    assert [problem.split(" ")[0].rstrip(":") for problem in raised.value.problems] == list(values)
    assert "LLMROUTER_OUTBOUND_HOST_ALLOWLIST: entry 2 cannot be read" in raised.value.problems
    assert "s3cret" not in str(raised.value)


IN_A_CLUSTER = OutboundPolicy.from_environ(
    {
        "LLMROUTER_OUTBOUND_HOST_ALLOWLIST": "<local>,*.team.svc,*.team.svc.cluster.local",
        "ROUTEIQ_NATS_URL": "nats://token@rq-nats:4222",
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
    }
)
"""As the chart sets it for a release in the namespace `team`."""


@pytest.mark.parametrize("host", ["agent", "agent.team.svc", "agent.team.svc.cluster.local"])
def test_services_of_the_releases_namespace_pass_by_every_name(host: str) -> None:
    assert allowed(IN_A_CLUSTER, f"http://{host}:8000/a2a", Origin.OPERATOR, "10.96.3.4")
    assert not allowed(IN_A_CLUSTER, f"http://{host}:8000/a2a", Origin.CALLER, "10.96.3.4")


@pytest.mark.parametrize("host", ["agent.other.svc", "agent.team", "localhost", "127.0.0.1", "[fd12::1]"])
def test_local_names_are_neither_others_nor_addresses(host: str) -> None:
    address = None if host[0] in "[1l" else "10.96.3.4"
    assert not allowed(IN_A_CLUSTER, f"http://{host}:8000/", Origin.OPERATOR, address)


@pytest.mark.parametrize("host", ["rq-nats", "rq-nats.team.svc", "rq-nats.team.svc.cluster.local", "rq-nats.team"])
def test_a_store_is_denied_by_every_name_that_the_cluster_gives_it(host: str) -> None:
    assert not allowed(IN_A_CLUSTER, f"http://{host}:4222/", Origin.DOCUMENT, "10.96.3.5")


def test_the_api_of_kubernetes_is_denied_whatever_leads_there() -> None:
    assert not allowed(IN_A_CLUSTER, "https://kubernetes:443/", Origin.DOCUMENT, "10.96.0.1")
    assert allowed(IN_A_CLUSTER, "https://agent:443/", Origin.OPERATOR, "10.96.0.2")
