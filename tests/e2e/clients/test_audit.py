"""`/audit`: what was written by API through any gateway, and what was refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.support.replicas import Manager


def _lines(manager: Manager, since: datetime, **wanted: object) -> list[dict[str, Any]]:
    page = manager.get("/audit", since=since.isoformat(), size=100, **wanted)
    assert page.keys() == {"audit_logs", "total_count", "current_page", "total_pages"}
    found: list[dict[str, Any]] = page["audit_logs"]
    return found


def test_every_write_and_every_refusal_has_its_line(one: Manager, two: Manager) -> None:
    since = datetime.now(UTC)
    team = one.post("/team/new", {"team_alias": "audited"})["team_id"]
    key = two.post("/key/generate", {"team_id": team, "metadata": {"secret": "nobody-writes-this-down"}})
    with two.acting(key["key"]) as holder:
        holder.post("/key/generate", {}, 401)
        assert holder.get("/audit", 403)["error"]["code"] == "permission_denied"
    one.post("/key/block", {"key": key["key"]})
    two.post("/team/delete", {"team_ids": [team]})
    lines = _lines(two, since)
    assert lines == _lines(one, since)
    assert [(line["action"], line["outcome"]) for line in reversed(lines)] == [
        ("team.new", "success"), ("key.generate", "success"), ("key.generate", "denied"), ("key.block", "success"),
        ("key.delete", "success"), ("team.delete", "success"),
    ]  # fmt: skip
    assert [line["resource_id"] for line in lines if line["resource_type"] == "team"] == [team, team]
    assert key["key"] not in str(lines)
    assert "nobody-writes-this-down" not in str(lines)


def test_the_log_is_filtered_and_names_who_did_it(one: Manager, two: Manager) -> None:
    since = datetime.now(UTC)
    by = {"litellm-changed-by": "terraform", "x-request-id": "apply-1"}
    one.http.post("/budget/new", headers=by, json={"budget_id": "audited"})
    two.post("/budget/delete", {"id": "audited"})
    (made,) = _lines(two, since, actor_id="terraform")
    assert (made["action"], made["resource_id"], made["request_id"], made["actor_type"]) == (
        "budget.new", "audited", "apply-1", "admin",
    )  # fmt: skip
    assert [line["action"] for line in _lines(one, since, resource_id="audited")] == ["budget.delete", "budget.new"]
    assert _lines(one, since, action="key.generate") == []
    second = two.get("/audit", since=since.isoformat(), size=1, page=2)
    assert (second["audit_logs"], second["total_count"], second["total_pages"]) == ([made], 2, 2)
