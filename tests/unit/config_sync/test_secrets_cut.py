"""No secret of a document is in what people are shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routeiq.config.bundle import Bundle
from routeiq.config_sync.diff import differences
from routeiq.config_sync.secrets_cut import cut, readable
from routeiq.kit.redaction import REDACTED

NAMES = [
    "api_key", "master_key", "aws_secret_access_key", "azure_ad_token", "password", "client_secret", "extra_headers",
    "vertex_credentials", "slack_webhook", "database_url", "Authorization", "cookie", "private",
    "ENVIRONMENT_VARIABLES",
]  # fmt: skip
SECRET = st.text(st.characters(categories=["L"]), min_size=6, max_size=30)


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_under_such_a_name_is_cut(name: str) -> None:
    assert cut({name: "hidden"}) == {name: REDACTED}
    assert cut({name: {"deep": ["hidden", 12345, True, None]}}) == {name: {"deep": [REDACTED, REDACTED, True, None]}}


def test_references_and_plain_values_stay() -> None:
    plain = {
        "model": "openai/gpt",
        "max_tokens": 5,
        "api_key": "os.environ/KEY",
        "rpm": 10,
        "key_generation_settings": {},
    }
    assert cut(plain) == plain


@pytest.mark.parametrize(
    "value",
    [
        "os.environ/KEY and more", "https://user:hidden@host/path", "https://host/?key=hidden", "sk-hiddenhidden",
        "Bearer hiddenhidden1",
    ],
)  # fmt: skip
def test_what_looks_like_one_is_cut_anywhere(value: str) -> None:
    shown = cut({"api_base" if "://" in value else "note": value, "token": value})
    assert isinstance(shown, dict)
    assert "hidden" not in json.dumps(shown)
    assert shown["token"] == REDACTED


def test_comments_block_texts_and_anchors() -> None:
    text = "# hidden\na: &x {api_key: |\n    hidden\n    hidden}\nb: *x\n"
    assert readable("a: &x\n  api_key: |\n    hidden\n    hidden\nb: *x\n# hidden\n") == {
        "a": {"api_key": REDACTED}, "b": {"api_key": REDACTED},
    }  # fmt: skip
    assert readable(text) is None


@settings(deadline=None)  # YAML is parsed, which takes as long as the machine is busy
@given(SECRET, SECRET, st.sampled_from(NAMES))
def test_a_secret_that_changed_is_a_change_without_values(before: str, after: str, name: str) -> None:
    def bundle(secret: str) -> Bundle:
        said = {"model_list": [{"model_name": "m", "litellm_params": {"model": "openai/m", name: f"<{secret}>"}}]}
        return Bundle("c.yaml", {"c.yaml": json.dumps(said), "k.yaml": json.dumps({name: f"<{secret}>"})})

    found = differences(bundle(before), bundle(after))
    text = json.dumps(found, ensure_ascii=False)
    assert f"<{before}>" not in text
    assert f"<{after}>" not in text
    assert len(found["changes"]) == (0 if before == after else 2)


def test_what_is_no_yaml_is_shown_by_its_hash() -> None:
    found = differences(Bundle("c.yaml", {"c.yaml": "a: 1", "d.json": "[1, 2"}), Bundle("c.yaml", {"c.yaml": "a: 1"}))
    assert found["changes"][0]["before"].startswith("sha256:")


def test_added_and_removed() -> None:
    found = differences(Bundle("c", {"c": "a: 1\nb: {api_key: hidden}"}), Bundle("c", {"c": "b: {}\nc: [x]"}))
    assert found["changes"] == [
        {"file": "c", "path": "a", "change": "removed", "before": 1},
        {"file": "c", "path": "b.api_key", "change": "removed", "before": REDACTED},
        {"file": "c", "path": "c", "change": "added", "after": ["x"]},
    ]
