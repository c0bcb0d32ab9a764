"""`/budget/*`."""

from __future__ import annotations

from tests.support.replicas import Manager, soon

TERRAFORM = {
    "max_budget": 100.0, "soft_budget": 80.0, "max_parallel_requests": 10, "tpm_limit": 100_000, "rpm_limit": 1000,
    "tpd_limit": 5, "budget_duration": "30d",
    "model_max_budget": {"first": {"max_budget": 1.0, "budget_duration": "1d"}},
}  # fmt: skip


def test_a_terraform_budget_is_made_changed_imported_and_destroyed(one: Manager, two: Manager) -> None:
    made = one.post("/budget/new", {**TERRAFORM, "budget_id": "tf-budget"})
    assert {name: made[name] for name in TERRAFORM} == TERRAFORM
    assert "already exists" in two.post("/budget/new", {"budget_id": "tf-budget"}, 400)["detail"]["error"]
    assert two.post("/budget/info", {"budgets": ["tf-budget"]}) == [made]
    cleared = {"soft_budget": None, "tpd_limit": None, "budget_duration": None}
    changed = two.post("/budget/update", {"budget_id": "tf-budget", "max_budget": 50.0, **cleared})
    assert changed["budget_reset_at"] is None
    assert {name: changed[name] for name in TERRAFORM} == {**TERRAFORM, **cleared, "max_budget": 50.0}
    assert one.post("/budget/info", {"budgets": ["tf-budget"]}) == [changed]
    assert changed in one.get("/budget/list")
    fields = {line["field_name"]: line["field_value"] for line in two.get("/budget/settings", budget_id="tf-budget")}
    assert fields["max_budget"] == 50.0
    assert one.post("/budget/delete", {"id": "tf-budget"}) == changed
    assert two.post("/budget/info", {"budgets": ["tf-budget"]}) == []
    assert "not found" in two.post("/budget/delete", {"id": "tf-budget"}, 404)["detail"]["error"]


def test_a_budget_without_an_id_gets_one(one: Manager, two: Manager) -> None:
    made = one.post("/budget/new", {"max_budget": 1})["budget_id"]
    assert two.post("/budget/info", {"budgets": [made]})[0]["max_budget"] == 1.0
    two.post("/budget/update", {"max_budget": 1}, 400)
    two.post("/budget/info", {"budgets": []}, 400)
    two.post("/budget/delete", {"id": made})


def test_keys_share_a_budget_and_outlive_it(one: Manager, two: Manager) -> None:
    one.post("/budget/new", {"budget_id": "shared", "max_budget": 3.0, "rpm_limit": 500})
    key = two.post("/key/generate", {"budget_id": "shared"})["key"]
    one.post("/key/generate", {"budget_id": "that-there-is-not"}, 400)
    assert (one.chat(key), two.chat(key)) == (200, 200)
    two.post("/budget/update", {"budget_id": "shared", "max_budget": 4.0})
    shown = one.get("/key/info", key=key)["info"]
    assert (shown["budget_id"], shown["litellm_budget_table"]["max_budget"]) == ("shared", 4.0)
    one.post("/budget/delete", {"id": "shared"})
    assert two.get("/key/info", key=key)["info"]["budget_id"] is None
    soon(lambda: (one.chat(key), two.chat(key)), (200, 200))
    one.post("/key/delete", {"keys": [key]})


def test_budgets_are_for_administrators(one: Manager, two: Manager) -> None:
    key = one.post("/user/new", {"user_id": "no-banker"})["key"]
    with two.acting(key) as user:
        for path, body in (("new", {}), ("update", {"budget_id": "x"}), ("delete", {"id": "x"})):
            assert user.post(f"/budget/{path}", body, 401)["error"]["type"] == "auth_error"
        user.get("/budget/list", 401)
    one.post("/user/delete", {"user_ids": ["no-banker"]})
