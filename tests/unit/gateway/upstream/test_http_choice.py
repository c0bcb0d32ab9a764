"""Which client serves a call."""

from __future__ import annotations

import pytest

from routeiq.gateway.upstream.http import HTTPRequest
from routeiq.gateway.upstream.http_choice import HTTPChoice
from routeiq.kit.outbound.proxies import Proxies
from tests.support.upstream import answer


@pytest.mark.parametrize(
    ("client", "url", "expected"),
    [
        ("", "http://api.test/", "pool"),
        ("pool", "http://api.test/", "pool"),
        ("aiohttp", "http://api.test/", "aiohttp"),
        ("", "https://api.test/", "aiohttp"),
        ("pool", "https://api.test/", "aiohttp"),
        ("pool", "https://straight.test/", "pool"),
    ],
)
async def test_the_deployment_chooses_but_a_proxy_is_aiohttps(client: str, url: str, expected: str) -> None:
    pool, aiohttp = answer({}), answer({})
    choice = HTTPChoice(pool, aiohttp, Proxies(https="http://proxy", exempt=("straight.test",)).of)
    await choice.send(HTTPRequest(url, {}, b"", "group", 1.0, client))
    assert (len(pool.requests), len(aiohttp.requests)) == ((1, 0) if expected == "pool" else (0, 1))
    await choice.close()
    assert pool.closed
    assert aiohttp.closed
