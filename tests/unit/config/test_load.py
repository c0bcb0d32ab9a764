"""Reading files, and that no document whatever makes the loader raise anything but a ConfigurationError."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routeiq.config.build import build, load_state
from routeiq.config.files import MAX_BYTES
from routeiq.config.load import load, load_data, load_text
from routeiq.config.scalars import JSONObject
from routeiq.kit.errors import ConfigurationError
from tests.support.config_documents import NO_PRICES

NAMES = [
    "model_list", "model_name", "litellm_params", "model", "model_info", "routeiq", "auto", "models", "fallback",
    "id", "like", "weight", "api_base",
    "router_settings", "routing_strategy", "routing_strategy_args", "general_settings", "litellm_settings",
    "environment_variables", "master_key",
    "<<", "mode", "name", "artifact", "include",
]  # fmt: skip
TEXTS = [
    "simulated/x", "openai/*", "os.environ/NOPE", "env/X", "llmrouter-knn", "m", "auto", "chat", "embedding",
    "http://[::1", "/", "x/",
]  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(),
    st.sampled_from(TEXTS),
    st.text(max_size=8),
)  # fmt: skip
KEYS = st.one_of(st.sampled_from(NAMES), st.text(max_size=5))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=15,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "model_name": st.sampled_from(TEXTS) | VALUES,
        "litellm_params": st.fixed_dictionaries({"model": st.sampled_from(TEXTS)}) | st.dictionaries(KEYS, VALUES),
        "model_info": VALUES,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(NAMES[9:], VALUES)
    | {"model_list": st.lists(ENTRY, max_size=4), "router_settings": VALUES, "routeiq": VALUES},
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS)
def test_any_document_builds_or_lists_its_errors(document: JSONObject) -> None:
    loaded = load_data(document, "any", {})
    with suppress(ConfigurationError):
        build(loaded, {}, price_file=NO_PRICES)
        assert not loaded.problems.errors


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="modelist_nagrup: -[]{}&*<\n\"'#/x1", max_size=120))
def test_any_text_loads_or_lists_its_errors(text: str) -> None:
    loaded = load_text(text, "any.yaml", {})
    assert loaded.raw or loaded.problems.errors or text.strip().startswith("{")


def test_file_is_loaded_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbfmodel_list: [{model_name: m, litellm_params: {model: simulated/x}}]")
    assert list(load_state(path, {}).groups) == ["m", "all-MiniLM-L6-v2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\xfe", ":2: is not UTF-8 text"),
        (b"#" * (MAX_BYTES + 1), ": is larger than 4 MiB"),
    ],
)
def test_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        load(path, {})
    assert raised.value.problems == [f"{path}{message}"]


def test_device_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        load(Path("/dev/zero"), {})


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        load(tmp_path / "none.yaml", {})
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="cannot be read: it is not a regular file"):
        load(tmp_path / "pipe", {})


def test_loading_reads_no_other_environment() -> None:
    os.environ["ROUTEIQ_TEST_ONLY"] = "x"
    try:
        text = "model_list: []\ngeneral_settings: {master_key: os.environ/ROUTEIQ_TEST_ONLY}"
        assert "is not set" in str(load_text(text, "f", {}).problems.errors[0])
    finally:
        del os.environ["ROUTEIQ_TEST_ONLY"]
