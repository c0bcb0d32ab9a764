"""Which headers pass, both ways."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from routeiq.gateway.upstream.http import RequestHeaders, forwarded_headers, response_headers


def test_response_headers_lose_hops_encodings_and_cookies() -> None:
    pairs = [
        ("Content-Type", "text/plain"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Encoding", "gzip"),
        ("Content-Length", "5"),
        ("Set-Cookie", "a=b"),
        ("Connection", "close, X-Private"),
        ("X-Private", "1"),
        ("Via", "a"),
        ("Via", "b"),
    ]
    assert response_headers(pairs) == {"content-type": "text/plain", "via": "a, b"}


def test_no_credential_of_the_caller_goes_upstream() -> None:
    credentials = [
        "Authorization",
        "X-API-Key",
        "api-key",
        "x-goog-api-key",
        "x-litellm-api-key",
        "Ocp-Apim-Subscription-Key",
    ]
    others = ["X-Service-Key", "X-Admin-API-Key", "Cookie", "Host", "Connection", "Accept-Encoding", "Content-Length"]
    pairs = [(name, "secret") for name in (*credentials, *others)]
    assert forwarded_headers([*pairs, ("OpenAI-Beta", "x")]) == {"openai-beta": "x"}


@pytest.mark.parametrize(
    "change",
    [
        lambda headers: headers.__setitem__("a", "c"),
        lambda headers: headers.__delitem__("a"),
        lambda headers: headers.update(a="c"),
        lambda headers: headers.__ior__({"a": "c"}),
        lambda headers: headers.setdefault("b", "c"),
        lambda headers: headers.pop("a"),
        lambda headers: headers.popitem(),
        lambda headers: headers.clear(),
    ],
)
def test_fixed_headers_do_not_change(change: Callable[[RequestHeaders], object]) -> None:
    headers = RequestHeaders({"a": "b"})
    with pytest.raises(TypeError):
        change(headers)
    assert headers == {"a": "b"}
