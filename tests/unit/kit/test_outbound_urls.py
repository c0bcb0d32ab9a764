"""URLs are read one way or not at all."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.kit.outbound import InvalidURL, Origin, OutboundPolicy, OutboundRefused
from routeiq.kit.outbound.hosts import Target, canonical_host, parse_url


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://Example.COM", Target("http", "example.com", 80, "/")),
        ("https://example.com.:8443/a?b#c", Target("https", "example.com", 8443, "/a")),
        ("HTTP://1.2.3.4:1/", Target("http", IPv4Address("1.2.3.4"), 1, "/")),
        ("http://1.2.3.4./", Target("http", IPv4Address("1.2.3.4"), 80, "/")),
        ("http://[::1]:8/x", Target("http", IPv6Address("::1"), 8, "/x")),
        ("http://bücher.example/", Target("http", "xn--bcher-kva.example", 80, "/")),
        ("http://agent-service:8000/a2a", Target("http", "agent-service", 8000, "/a2a")),
        ("http://my_service/", Target("http", "my_service", 80, "/")),
        ("http://\uff11\uff12\uff17.0.0.1/", Target("http", IPv4Address("127.0.0.1"), 80, "/")),
        ("http://127\u30020\u30020\u30021/", Target("http", IPv4Address("127.0.0.1"), 80, "/")),
        ("http://h:/", Target("http", "h", 80, "/")),
    ],
)
def test_url_is_taken_apart(url: str, target: Target) -> None:
    assert parse_url(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com", "ftp://example.com", "file:///etc/passwd", "gopher://x",
        "javascript:alert(1)", "http://", "http:///x", "http://:80",
        "http://user@example.com", "http://user:pw@example.com", "http://@example.com",
        "http://example.com\\@evil.com", "http://exa mple.com",
        "http://example.com\n.evil.com", "\thttp://example.com", "http://example.com:0/", "http://example.com:99999",
        "http://example.com:8x",
        "http://[::1", "http://[::g]", "http://[fe80::1%25eth0]", "http://[v1.x]", "http://%31%32%37.0.0.1",
        "http://a..b", "http://.a", "http://-a.b", "http://a" + "b" * 64,
        "http://2130706433", "http://0x7f000001", "http://0x7f.1", "http://0177.0.0.1", "http://127.1",
        "http://127.0.1", "http://1.2.3.4.5", "http://256.1.1.1",
        "http://01.2.3.4", "http://0x", "http://a.0x7f", "http://foo.1", "http://::1/", "http://h/" + "a" * 9000,
        "http://\u2488", "http://" + "a." * 130 + "b",
    ],
)  # fmt: skip
def test_url_of_more_than_one_reading_is_refused(url: str) -> None:
    with pytest.raises(InvalidURL) as raised:
        parse_url(url)
    assert raised.value.status == 400
    assert len(raised.value.message) < 100


@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from("dox"), min_size=1, max_size=4))
def test_no_other_form_of_an_ipv4_address_passes(number: int, shapes: list[str]) -> None:
    """As inet_aton reads them: leading parts of a byte, the last one holds the rest; each decimal, octal or hex."""
    count = len(shapes)
    parts = [(number >> (24 - 8 * place)) & 0xFF for place in range(count - 1)] + [
        number & ((1 << (32 - 8 * (count - 1))) - 1)
    ]
    text = ".".join(
        {"d": str(part), "o": f"0{part:o}", "x": f"0x{part:x}"}[shape]
        for part, shape in zip(parts, shapes, strict=True)
    )
    try:
        host = canonical_host(text)
    except InvalidURL:
        return
    assert host == ip_address(number)


@given(st.text(max_size=40))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}/x"):
        try:
            OutboundPolicy().check_url(url, Origin.CALLER)
        except (InvalidURL, OutboundRefused):
            continue
        assert urlsplit(url).username is None
