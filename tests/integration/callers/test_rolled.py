"""Controls that end one after the other, as in a rollout: nobody who asks notices."""

from __future__ import annotations

import asyncio

from tests.support.fake_control import FakeControl, hash_of
from tests.support.waiting import PATIENCE_S

KEY = "sk-a-key-of-the-rollout"


async def test_a_control_that_ends_answers_what_it_took_and_the_other_one_takes_the_rest() -> None:
    async with FakeControl() as one, FakeControl(one.rows) as two:
        two.key = one.key
        await two.kill()
        await two.start()
        hashed = one.rows.add(KEY)
        client = one.client(more=(two.address,))
        answers = []
        try:
            await asyncio.gather(*(client.resolve(key_hash=hashed) for _ in range(20)))
            one.gate.clear()
            held = [asyncio.create_task(client.resolve(key_hash=hashed)) for _ in range(20)]
            await asyncio.sleep(0.1)
            ending = asyncio.create_task(one.end(PATIENCE_S))
            for _ in range(10):
                answers += await asyncio.gather(*(client.resolve(key_hash=hashed) for _ in range(10)))
                await asyncio.sleep(0.02)
            one.gate.set()
            answers += await asyncio.gather(*held)
            await ending
        finally:
            await client.close()
    assert {answer.key.hash for answer in answers} == {hash_of(KEY)}
    assert len(answers) == 120
    assert len(one.asked) + len(two.asked) == 140, "nothing that was taken is asked again"
