"""`/global/spend/reset`."""

from __future__ import annotations

from sqlalchemy import text

from tests.support.ledger import record, write
from tests.support.people import KEYLESS, VIEWER, Control, changed_by


async def test_keys_and_teams_have_spent_nothing(control: Control) -> None:
    await write(control.database, [record()])
    key = await control.post("/key/generate", {"spend": 3.0})
    await control.post("/key/generate", {"spend": 0})
    await control.post("/user/new", {"user_id": "u1", "spend": 2.0})
    await control.post("/team/new", {"team_id": "t1"})
    await control.post("/team/update", {"team_id": "t1", "spend": 1.0})
    async with control.asked() as client:
        answer = await client.post("/global/spend/reset")
    assert answer.json() == {"message": "Spend for all API Keys and Teams reset successfully", "status": "success"}
    changed = changed_by(answer)
    assert (list(changed.keys), list(changed.teams)) == ([key["token"]], ["t1"])
    assert [one["spend"] for one in await control.get("/spend/keys")] == [0, 0, 0]
    assert [one["spend"] for one in await control.get("/spend/teams")] == [0]
    assert [one["spend"] for one in await control.get("/spend/users")] == [2.0]
    assert len(await control.get("/spend/logs")) == 1
    periods = "SELECT budget_period FROM keys WHERE hash = :hash"
    async with control.database.reading() as session:
        period = await session.scalar(text(periods), {"hash": key["token"]})
    assert period == int(control.moments().timestamp() * 1000)


async def test_it_is_an_administrators(control: Control) -> None:
    for who in (KEYLESS, VIEWER):
        refused = await control.post("/global/spend/reset", {}, who, 401)
        assert refused["error"]["type"] == "auth_error"
