"""Which calls the environment sends through a proxy."""

from __future__ import annotations

import pytest

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.outbound import OutboundPolicy
from routeiq.kit.outbound.proxies import Proxies

PROXY = "http://user:secret@proxy:3128"


@pytest.mark.parametrize(
    ("environ", "url", "expected"),
    [
        ({}, "https://api.test/", None),
        ({"HTTPS_PROXY": PROXY}, "https://api.test/", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://api.test/", None),
        ({"http_proxy": "proxy:3128"}, "http://api.test/", "http://proxy:3128"),
        ({"http_proxy": "", "HTTP_PROXY": PROXY}, "http://api.test/", None),
        ({"ALL_PROXY": PROXY}, "http://api.test/", PROXY),
        ({"ALL_PROXY": PROXY, "https_proxy": "https://b"}, "https://api.test/", "https://b"),
        ({"ALL_PROXY": PROXY}, "no url", None),
    ],
)
def test_schemes_have_their_proxies(environ: dict[str, str], url: str, expected: str | None) -> None:
    assert Proxies.from_environ(environ).of(url) == expected


@pytest.mark.parametrize(
    ("exempt", "url", "straight"),
    [
        ("", "http://api.test/", False),
        ("", "http://127.0.0.1:1/", True),
        ("", "http://[::1]/", True),
        ("", "http://localhost/", True),
        ("", "http://a.localhost/", True),
        ("*", "http://api.test/", True),
        ("api.test", "http://api.test/", True),
        ("api.test", "http://v1.api.test/", True),
        ("api.test", "http://myapi.test/", False),
        (".test", "http://api.test/", True),
        ("*.test", "http://api.test/", True),
        ("x, API.test ,y", "http://api.test/", True),
        ("api.test:8080", "http://api.test/", False),
        ("api.test:80", "http://api.test/", True),
        (":80", "http://api.test/", False),
        ("10.0.0.1", "http://10.0.0.1/", True),
        ("10.0.0.0/8", "http://10.2.3.4/", True),
        ("10.0.0.0/8", "http://11.2.3.4/", False),
        ("10.0.0.1:81", "http://10.0.0.1/", False),
        ("10.0.0.1:80", "http://10.0.0.1/", True),
        ("[fd00::1]:80", "http://[fd00::1]/", True),
        ("0.0.1", "http://10.0.0.1/", False),
    ],
)
def test_no_proxy_names_the_exceptions(exempt: str, url: str, straight: bool) -> None:
    proxies = Proxies.from_environ({"ALL_PROXY": PROXY, "no_proxy": exempt})
    assert (proxies.of(url) is None) == straight


@pytest.mark.parametrize(
    "value", ["socks5://user:secret@host", "http://", "http://h:secret", "http://[secret", "http://h:0"]
)
def test_a_proxy_that_cannot_be_used_is_an_error_without_its_url(value: str) -> None:
    with pytest.raises(ConfigurationError) as failed:
        OutboundPolicy.from_environ({"HTTPS_PROXY": value})
    assert failed.value.problems == ["HTTPS_PROXY must be the URL of an http or https proxy"]


def test_the_policy_carries_them_and_shows_no_password() -> None:
    policy = OutboundPolicy.from_environ({"HTTPS_PROXY": PROXY})
    assert policy.proxies.of("https://api.test/") == PROXY
    assert "secret" not in repr(policy)
