"""A control that is slow, silent, killed and back: keys that are known go on, others are told to come again."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.clients import routing_breaker
from routeiq.clients.control import ControlClient, ControlUnavailable
from routeiq.gateway.callers import lookup
from routeiq.kit.signing import AssertionSigner
from tests.integration.callers.conftest import VIRTUAL, house
from tests.support.fake_control import FakeControl, changed, hash_of
from tests.support.waiting import LONGER_S, until


async def test_a_key_is_asked_for_once_and_then_known(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control) as one:
        answers = [(await one.chat()).status_code for _ in range(20)]
    assert answers == [200] * 20
    assert [asked.key_hash for asked in control.asked] == [hash_of(VIRTUAL)]


async def test_requests_that_come_together_ask_once(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    control.delay_s = 0.05
    async with house(control) as one:
        answers = await asyncio.gather(*(one.chat() for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(control.asked) == 1


async def test_an_unknown_key_is_refused_and_asked_for_once(control: FakeControl) -> None:
    async with house(control) as one:
        answers = [await one.chat("sk-nobody-has-this-one") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json()["error"] == {
        "message": "Invalid API key", "type": "authentication_error", "param": None, "code": "invalid_api_key",
    }  # fmt: skip
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert len(control.asked) == 1


async def test_what_is_no_key_asks_nobody(control: FakeControl) -> None:
    async with house(control) as one:
        answers = [await one.chat(key) for key in ("hello", "sk" * 10, "sk-" + "x" * 600)]
    assert {answer.status_code for answer in answers} == {401}
    assert control.asked == []


async def test_a_key_made_after_it_was_unknown_works_once_told(control: FakeControl) -> None:
    async with house(control) as one:
        assert (await one.chat()).status_code == 401
        control.rows.add(VIRTUAL)
        one.callers.forget(changed(keys=[VIRTUAL]))
        assert (await one.chat()).status_code == 200


async def test_untold_it_works_after_its_time(control: FakeControl) -> None:
    async with house(control) as one:
        assert (await one.chat()).status_code == 401
        control.rows.add(VIRTUAL)
        one.clock.at += 11
        assert (await one.chat()).status_code == 200


async def test_a_known_key_ends_once_it_is_too_old(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        await control.kill()
        one.clock.at += 24 * 3600 + 1
        assert (await one.chat()).status_code == 503


async def test_control_back_needs_no_restart(control: FakeControl) -> None:
    async with house(control) as one:
        await control.kill()
        assert (await one.chat()).status_code == 503
        control.rows.add(VIRTUAL)
        await control.start()

        async def served() -> bool:
            return (await one.chat()).status_code == 200

        await until(served)


async def test_a_silent_control_is_waited_for_no_longer_than_it_may(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PROBE_EVERY_S", "WITHIN_S"):
        monkeypatch.setattr(routing_breaker, name, LONGER_S)
    control.gate.clear()
    async with house(control, timeout_s=0.5) as one:
        assert (await one.chat()).status_code == 503
        for _ in range(10):
            await one.chat()
        before = len(control.asked)
        for number in range(20):
            assert (await one.chat(f"sk-another-one-altogether-{number}")).status_code == 503
        assert len(control.asked) <= before + 1, "behind a breaker nobody waits"


async def test_a_warm_key_never_waits_for_a_silent_control(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PATIENCE_S", 2.0)
    control.rows.add(VIRTUAL)
    async with house(control, timeout_s=LONGER_S) as one:
        assert (await one.chat()).status_code == 200
        control.gate.clear()
        waits = []
        for _ in range(30):
            one.clock.at += 4
            begun = time.monotonic()
            assert (await one.chat()).status_code == 200
            waits.append(time.monotonic() - begun)
        control.gate.set()
    assert sorted(waits)[-3] < lookup.PATIENCE_S, "but for a moment of patience, once, when its time is over"


async def test_a_key_in_use_is_renewed_before_its_time_is_over(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control) as one:
        await one.chat()
        one.clock.at += 46
        await one.chat()
        await until(lambda: len(control.asked) > 1 and not one.callers._lookup._flights)
        one.clock.at += 44
        await one.chat()
        assert len(control.asked) == 2


async def test_a_revoked_key_stops_at_once_when_told(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        control.rows.keys.clear()
        one.callers.forget(changed(keys=[VIRTUAL]))
        assert (await one.chat()).status_code == 401


async def test_a_revoked_key_stops_within_its_time_when_nobody_tells(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        control.rows.keys.clear()
        one.clock.at += 60
        assert (await one.chat()).status_code == 401


async def test_an_answer_that_a_change_overtook_is_not_kept(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control) as one:
        control.gate.clear()
        asking = asyncio.create_task(one.chat())
        while not control.asked:
            await asyncio.sleep(0.01)
        control.rows.add(VIRTUAL, blocked=True)
        one.callers.forget(changed(keys=[VIRTUAL]))
        control.gate.set()
        assert (await asking).status_code == 401
        assert (await one.chat()).status_code == 401


@pytest.mark.parametrize(
    "told", [changed(users=["u"]), changed(teams=["t"]), changed(budgets=["b"]), changed(keys=[VIRTUAL])]
)
async def test_each_change_is_heard(control: FakeControl, told: object) -> None:
    control.rows.add(VIRTUAL, user_id="u", team_id="t", budget={"id": "b"})
    async with house(control) as one:
        await one.chat()
        one.callers.forget(told)  # type: ignore[arg-type]
        await one.chat()
        assert len(control.asked) == 2


async def test_another_change_is_not(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, user_id="u", team_id="t")
    async with house(control) as one:
        await one.chat()
        one.callers.forget(changed(users=["t"], teams=["u"], budgets=["u"], keys=["sk-x"], customers=["u"]))
        await one.chat()
        assert len(control.asked) == 1


async def test_random_keys_push_out_no_good_one(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control, capacity=100) as one:
        await one.chat()
        for number in range(10_000):
            one.clock.at += 0.003  # as fast as they may be looked up
            with_mark = one.gateway.authenticator.caller({b"x-api-key": b"sk-random-%d" % number})
            await asyncio.gather(with_mark, return_exceptions=True)
        before = len(control.asked)
        assert before > 5_000
        assert (await one.chat()).status_code == 200
        assert len(one.callers._lookup._unknown.entries) == 100


async def test_strangers_cannot_make_it_ask_without_end(control: FakeControl) -> None:
    async with house(control) as one:
        found = [one.gateway.authenticator.caller({b"x-api-key": b"sk-random-%d" % number}) for number in range(3000)]
        await asyncio.gather(*found, return_exceptions=True)
    assert len(control.asked) <= 756


async def test_a_gateway_that_control_does_not_know_is_away(control: FakeControl) -> None:
    client = control.client(key=Ed25519PrivateKey.generate())
    with pytest.raises(ControlUnavailable):
        await client.resolve(key_hash="x")
    assert control.asked == []
    await client.close()


async def test_an_answer_lost_on_the_way_is_asked_for_again(control: FakeControl) -> None:
    client = control.client()
    control.fails = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(ControlUnavailable):
        await client.resolve(key_hash="x")
    assert len(control.asked) == 2
    control.fails = grpc.StatusCode.INTERNAL
    with pytest.raises(ControlUnavailable):
        await client.resolve(key_hash="x")
    assert len(control.asked) == 3
    await client.close()


async def test_without_an_address_there_is_no_control() -> None:
    client = ControlClient("", AssertionSigner(Ed25519PrivateKey.generate(), "gateway"))
    assert client.away
    with pytest.raises(ControlUnavailable):
        await client.resolve(key_hash="x")
    assert not await client.serves()
    await client.close()


async def test_one_that_is_closed_answers_as_if_control_were_away(control: FakeControl) -> None:
    client = control.client()
    await client.resolve(key_hash="x")
    await client.close()
    with pytest.raises(ControlUnavailable):
        await client.overlay(0)
    assert not await client.serves()


async def test_what_was_added_by_api(control: FakeControl) -> None:
    client = control.client()
    found = await client.overlay(0)
    assert found is not None
    assert found.version == 7
    assert await client.overlay(7) is None
    await client.close()


async def test_the_second_address_answers_for_the_first(control: FakeControl) -> None:
    client = ControlClient(f"127.0.0.1:1,{control.address}", AssertionSigner(control.key, "gateway"))
    for _ in range(4):
        await client.resolve(key_hash="x")
    assert not client.away
    await client.close()


async def test_a_name_is_followed(control: FakeControl) -> None:
    port = control.address.rpartition(":")[2]
    client = ControlClient(f"localhost:{port}", AssertionSigner(control.key, "gateway"))
    await client.resolve(key_hash="x")
    assert len(control.asked) == 1
    await client.close()


async def test_whether_it_serves(control: FakeControl) -> None:
    client = control.client()
    assert await client.serves()
    await control.kill()
    assert not await client.serves()
    await client.close()
