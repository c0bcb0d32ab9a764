"""Which client serves a call."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.gateway.upstream.http import HTTPClient, HTTPRequest
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
    choice = HTTPChoice(pool, lambda: aiohttp, Proxies(https="http://proxy", exempt=("straight.test",)).of)
    await choice.send(HTTPRequest(url, {}, b"", "group", 1.0, client))
    assert (len(pool.requests), len(aiohttp.requests)) == ((1, 0) if expected == "pool" else (0, 1))
    await choice.close()
    assert pool.closed
    assert aiohttp.closed is (expected == "aiohttp")


async def test_requests_that_come_together_share_one_aiohttp() -> None:
    made = [answer({}), answer({})]
    left = iter(made)

    def make() -> HTTPClient:
        return next(left)

    choice = HTTPChoice(answer({}), make, Proxies(https="http://proxy").of)
    request = HTTPRequest("https://api.test/", {}, b"", "group", 1.0)
    await asyncio.gather(choice.send(request), choice.send(request))
    await choice.send(request)
    assert sorted(len(one.requests) for one in made) == [0, 3]
    await choice.close()
