"""`/model/*` and `/model_group/info`."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from tests.support.fleet import KEY
from tests.support.processes import FakeProvider
from tests.support.replicas import Manager, soon

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

UPSTREAM_KEY = "sk-of-the-upstream-alone"


def _params(upstream: FakeProvider, **more: Any) -> dict[str, Any]:
    return {"model": "openai/gpt-fake", "api_base": upstream.api_base, "api_key": UPSTREAM_KEY, **more}


def test_litellms_client_keeps_a_model(litellm: ModuleType, upstream: FakeProvider, one: Manager, two: Manager) -> None:
    here, there = litellm.Client(one.url, KEY), litellm.Client(two.url, KEY)
    made = here.models.new("by-sdk", _params(upstream), {"id": "sdk-1", "mode": "chat", "max_tokens": 9})
    assert (made["model_id"], made["model_info"]["max_tokens"]) == ("sdk-1", 9)
    assert one.chat(KEY, "by-sdk") == 200
    soon(lambda: two.chat(KEY, "by-sdk"), 200)
    assert upstream.last()["headers"]["authorization"] == f"Bearer {UPSTREAM_KEY}"  # type: ignore[index]
    shown = there.models.get(model_name="by-sdk")
    assert (shown["model_info"]["id"], shown["model_info"]["db_model"]) == ("sdk-1", True)
    assert "by-sdk" in {model["id"] for model in there.models.list()}
    (group,) = (found for found in there.model_groups.info() if found["model_group"] == "by-sdk")
    assert (group["providers"], group["mode"]) == (["openai"], "chat")
    there.models.update("sdk-1", {"model": "openai/gpt--status-400"}, {"id": "sdk-1"})
    assert two.chat(KEY, "by-sdk") == 400
    soon(lambda: one.chat(KEY, "by-sdk"), 400)
    assert here.models.delete("sdk-1") == {"message": "Model: sdk-1 deleted successfully"}
    assert one.chat(KEY, "by-sdk") == 404
    soon(lambda: two.chat(KEY, "by-sdk"), 404)
    with pytest.raises(import_module("litellm.proxy.client.exceptions").NotFoundError):
        there.models.delete("sdk-1")


def test_a_terraform_model_is_made_changed_imported_and_destroyed(
    upstream: FakeProvider, one: Manager, two: Manager
) -> None:
    info = {"id": "tf-model", "db_model": True, "base_model": "gpt-4o", "tier": "free", "mode": "chat"}
    params = _params(upstream, custom_llm_provider="openai", merge_reasoning_content_in_choices=False, rpm=1000)
    body = {"model_name": "by-tf", "litellm_params": params, "model_info": info, "additional": {}}
    made = one.post("/model/new", body)
    assert UPSTREAM_KEY not in str(made)
    read = _read(two)
    assert (read["model_name"], read["litellm_params"]["rpm"]) == ("by-tf", 1000)
    assert {name: read["model_info"][name] for name in info} == info
    soon(lambda: two.chat(KEY, "by-tf"), 200)
    two.post("/model/update", {**body, "model_name": "by-tf-2"})
    assert two.chat(KEY, "by-tf-2") == 200
    soon(lambda: one.chat(KEY, "by-tf"), 404)
    sent = {"litellm_params": {"rpm": None}, "model_info": {"access_groups": ["of-tf"]}}
    one.ask("PATCH", "/model/tf-model/update", json={**sent, "model_name": "by-tf-3"})
    read = _read(two)
    assert ("rpm" in read["litellm_params"], read["model_info"]["access_groups"]) == (False, ["of-tf"])
    assert (one.chat(KEY, "by-tf-3"), one.chat(KEY, "by-tf-2")) == (200, 404)
    soon(lambda: two.chat(KEY, "by-tf-3"), 200)
    one.post("/model/delete", {"id": "tf-model"})
    assert "not found on litellm proxy" in two.get("/model/info", 400, litellm_model_id="tf-model")["detail"]["error"]
    gone = two.post("/model/update", body, 400)["error"]["message"]
    assert "model not found" in gone, "Terraform makes it anew then"
    assert (
        "Model with id=tf-model not found in db"
        in one.post("/model/delete", {"id": "tf-model"}, 400)["error"]["message"]
    )


def _read(manager: Manager) -> Any:
    """As an import reads."""
    (found,) = manager.get("/model/info", litellm_model_id="tf-model")["data"]
    assert manager.get("/v1/model/info", litellm_model_id="tf-model")["data"] == [found]
    return found


def test_a_key_may_call_what_joins_its_access_group(upstream: FakeProvider, one: Manager, two: Manager) -> None:
    key = one.post("/key/generate", {"models": ["of-the-script"]})["key"]
    made = one.post("/model/new", {"model_name": "grouped", "litellm_params": _params(upstream)})["model_id"]
    soon(lambda: two.chat(key, "grouped"), 403)
    info = {"id": made, "access_groups": ["of-the-script"]}
    one.post("/model/update", {"model_info": info, "litellm_params": {}})
    assert (one.chat(key, "grouped"), one.chat(key)) == (200, 403)
    soon(lambda: two.chat(key, "grouped"), 200)
    two.post("/model/block", {"model_id": made})
    assert two.chat(KEY, "grouped") == 404
    soon(lambda: one.chat(KEY, "grouped"), 404)
    one.post("/model/unblock", {"model_id": made})
    soon(lambda: two.chat(key, "grouped"), 200)
    two.post("/model/delete", {"id": made})
    one.post("/key/delete", {"keys": [key]})


def test_pages_of_models_and_what_the_document_owns(one: Manager, two: Manager) -> None:
    page = two.get("/v2/model/info", page=2, size=1, sortBy="model_name")
    assert [model["model_name"] for model in page["data"]] == ["first"]
    assert (page["total_count"], page["current_page"], page["total_pages"], page["size"]) == (3, 2, 3, 1)
    own = page["data"][0]["model_info"]
    assert own["db_model"] is False
    refused = one.post("/model/update", {"model_info": {"id": own["id"]}, "litellm_params": {}}, 400)
    assert "Can't edit model. Model in config." in refused["error"]["message"]
    one.post("/model/delete", {"id": own["id"]}, 400)
    assert two.chat(KEY) == 200
