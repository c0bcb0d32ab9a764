"""A warm virtual key takes no task, as the master key does; one that has to be looked up takes one."""

from __future__ import annotations

from routeiq.gateway.callers.directory import Callers
from tests.support.asgi import scope
from tests.support.fake_control import InstantControl
from tests.support.passing import TwinExchange
from tests.support.prompt_gateway import CHAT, FINE, bench

KEY = "sk-a-virtual-key-of-the-tests"
AUTH = ("x-api-key", KEY)


async def test_a_key_that_is_not_known_is_not_for_this_way() -> None:
    one = await bench(callers=Callers(InstantControl()))
    assert one.edge.at_once(scope(headers=[AUTH]), TwinExchange(CHAT)) is False
    assert one.ended.refusals == []


async def test_one_that_is_takes_no_task() -> None:
    control = InstantControl()
    control.rows.add(KEY)
    callers = Callers(control)
    one = await bench(callers=callers)
    await one.edge._gateway.authenticator.caller({b"x-api-key": KEY.encode()})
    one.pool.script.append(FINE)
    exchange = one.begin(auth=AUTH)
    await exchange.ended()
    assert (exchange.status, exchange.task) == (200, None)
    assert one.idle


async def test_one_that_is_refused_is_refused_at_once() -> None:
    control = InstantControl()
    control.rows.add(KEY, models=["another"])
    one = await bench(callers=Callers(control))
    await one.edge._gateway.authenticator.caller({b"x-api-key": KEY.encode()})
    exchange = one.begin(auth=AUTH)
    await exchange.ended()
    assert one.ended.refusals == [403]
