"""Which client serves a call."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.http_choice import HTTPChoice
from routeiq.gateway.upstream.http_exchange import Exchange
from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound.proxies import Proxies
from tests.support.upstream import answer

which = pytest.mark.parametrize(
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


@which
async def test_the_deployment_chooses_but_a_proxy_is_aiohttps(client: str, url: str, expected: str) -> None:
    pool, aiohttp = answer({}), answer({})
    choice = HTTPChoice(pool, lambda: aiohttp, Proxies(https="http://proxy", exempt=("straight.test",)).of)
    await choice.send(HTTPRequest(url, {}, b"", "group", 1.0, client))
    assert (len(pool.requests), len(aiohttp.requests)) == ((1, 0) if expected == "pool" else (0, 1))
    await choice.close()
    assert pool.closed
    assert aiohttp.closed is (expected == "aiohttp")


class Prompt:
    """A pool that remembers who asked it not to wait."""

    def __init__(self) -> None:
        self.asked = 0
        pool = PooledClient()
        self.send, self.response, self.close, self._begin = pool.send, pool.response, pool.close, pool.begin

    def begin(self, request: HTTPRequest) -> Exchange | None:
        self.asked += 1
        return self._begin(request)


@which
async def test_only_the_pool_can_do_without_waiting(client: str, url: str, expected: str) -> None:
    pool = Prompt()
    choice = HTTPChoice(pool, lambda: answer({}), Proxies(https="http://proxy", exempt=("straight.test",)).of)
    assert choice.begin(HTTPRequest(url, {}, b"", "group", 1.0, client)) is None
    assert pool.asked == (expected == "pool")
    await choice.close()


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
