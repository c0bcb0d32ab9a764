"""`GET /audit`: who wrote what, and who was refused; never a secret."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.keyring import HOUR, NOW, VIEWER, Keyring, user, user_row

LINE = {
    "id", "timestamp", "request_id", "actor_type", "actor_id", "action", "resource_type", "resource_id", "outcome",
    "outcome_reason", "metadata",
}  # fmt: skip


async def test_every_write_has_its_line(keyring: Keyring) -> None:
    made = await keyring.made(key_alias="one", models=["a"])
    await keyring.post("/key/update", {"key": made["key"], "rpm_limit": 1}, x_request_id="r-1")
    await keyring.post("/key/block", {"key": made["key"]})
    await keyring.post("/key/unblock", {"key": made["key"]})
    await keyring.post(f"/key/{made['key']}/reset_spend", {"reset_to": 0})
    again = await keyring.post("/key/regenerate", {"key": made["key"]})
    await keyring.post("/key/delete", {"keys": [again["key"]]})
    page = await keyring.get("/audit", who=VIEWER)
    assert set(page) == {"audit_logs", "total_count", "current_page", "total_pages"}
    assert [line["action"] for line in reversed(page["audit_logs"])] == [
        "key.generate", "key.update", "key.block", "key.unblock", "key.reset_spend", "key.regenerate", "key.delete",
    ]  # fmt: skip
    assert all(set(line) == LINE for line in page["audit_logs"])
    updated = page["audit_logs"][-2]
    assert updated == {
        "id": updated["id"], "timestamp": "2026-11-21T12:00:00Z", "request_id": "r-1", "actor_type": "admin",
        "actor_id": "default_user_id", "action": "key.update", "resource_type": "key", "resource_id": made["token"],
        "outcome": "success", "outcome_reason": "", "metadata": {"fields": ["rpm_limit"], "key": "a" * 64},
    }  # fmt: skip


async def test_no_secret_is_in_it(keyring: Keyring) -> None:
    secret = "sk-hush-hush-hush-hush"
    await keyring.made(key=secret, metadata={"password": "hush-1"}, key_alias="hush-2", config={"token": "hush-3"})
    await keyring.post("/key/update", {"key": secret, "metadata": {"a": "hush-4"}})
    await keyring.post("/key/regenerate", {"key": secret, "new_key": "sk-hush-again-and-again"})
    await keyring.post("/key/update", {"key": "sk-hush-unknown-key"}, status=404)
    await keyring.post("/key/regenerate", {"key": "sk-hush-unknown-key"}, status=404)
    await keyring.post("/key/sk-hush-unknown-key/reset_spend", {"reset_to": 0}, status=404)
    async with keyring.asked(VIEWER) as client:
        text = (await client.get("/audit", params={"size": 1000})).text
    assert len(await keyring.audit()) == 6
    assert "hush" not in text


async def test_refusals_have_their_line_and_leave_nothing_else(keyring: Keyring) -> None:
    await keyring.holds(user_row("u"))
    await keyring.post("/key/generate", {"spend": 5}, who=user("u"), status=403)
    await keyring.post("/key/delete", {"keys": ["sk-nothing"]}, status=404)
    refused, failed = await keyring.audit()
    assert (refused.outcome, refused.reason, refused.actor_id, refused.action) == ("denied", "403", "u", "key.generate")
    assert (failed.outcome, failed.reason) == ("error", "404")
    assert (await keyring.get("/key/list"))["total_count"] == 0
    assert keyring.told.all == []


async def test_it_is_filtered(keyring: Keyring) -> None:
    await keyring.holds(user_row("u"))
    made = await keyring.made(who=user("u"))
    keyring.now = NOW + HOUR
    await keyring.post("/key/block", {"key": made["key"]})

    async def actions(**query: object) -> list[str]:
        return [line["action"] for line in (await keyring.get("/audit", **query))["audit_logs"]]

    assert await actions() == ["key.block", "key.generate"]
    assert await actions(actor_id="u") == ["key.generate"]
    assert await actions(action="key.block") == ["key.block"]
    assert await actions(resource_type="key", resource_id=made["token"]) == ["key.block", "key.generate"]
    assert await actions(resource_type="team") == []
    assert await actions(since=(NOW + timedelta(minutes=1)).isoformat()) == ["key.block"]
    assert await actions(until=(NOW + HOUR).isoformat()) == ["key.generate"]
    assert await actions(page=2, size=1) == ["key.generate"]
    assert (await keyring.get("/audit", size=1))["total_pages"] == 2


@pytest.mark.parametrize(
    "query",
    [
        {"page": 0}, {"size": 1001}, {"since": "yesterday"}, {"since": "2026-01-01T00:00"},
        {"since": "0001-01-01T00:00:00+14:00"}, {"until": "9999-12-31T23:59:59-14:00"},
    ],
)  # fmt: skip
async def test_a_wrong_filter_is_refused(keyring: Keyring, query: dict[str, object]) -> None:
    refused = await keyring.get("/audit", answers=422, **query)
    assert [one["loc"] for one in refused["detail"]] == [["query", name] for name in query]


async def test_it_is_for_administrators_and_viewers(keyring: Keyring) -> None:
    await keyring.holds(user_row("u"))
    refused = await keyring.get("/audit", who=user("u"), answers=401)
    assert refused["error"]["type"] == "auth_error"
    assert (await keyring.get("/audit", who=VIEWER))["total_count"] == 0
