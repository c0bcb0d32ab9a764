"""`os.environ/NAME`: resolved everywhere, missing ones named, secrets never repeated."""

from __future__ import annotations

import pytest

from routeiq.config.problems import Problems
from routeiq.config.references import References
from routeiq.config.scalars import JSONObject
from tests.support.config_documents import built, errors, loaded, only, warnings


def resolve(data: JSONObject, **environ: str) -> tuple[JSONObject, list[str]]:
    problems = Problems("f.yaml")
    resolved = References(environ, problems).document(data)
    return resolved, [str(problem) for problem in problems.all()]


def test_reference_is_resolved_at_any_depth() -> None:
    resolved, problems = resolve({"a": [{"b": "os.environ/X"}], "c": "os.environ/X"}, X="value")
    assert resolved == {"a": [{"b": "value"}], "c": "value"}
    assert problems == []


@pytest.mark.parametrize("text", ["prefix os.environ/X", "OS.ENVIRON/X", "http://os.environ/X"])
def test_only_a_whole_string_with_the_prefix_is_a_reference(text: str) -> None:
    assert resolve({"a": text}, X="value")[0] == {"a": text}


def test_missing_variable_is_named_with_its_nearest() -> None:
    assert resolve({"a": "os.environ/OPENAI_KEY"}, OPENAI_API_KEY="s3cret")[1] == [
        "f.yaml: a: environment variable OPENAI_KEY is not set; did you mean OPENAI_API_KEY?"
    ]


@pytest.mark.parametrize("text", ["os.environ/", "os.environ/A-B", "os.environ/1A"])
def test_reference_without_a_name_is_an_error(text: str) -> None:
    assert resolve({"a": text})[1] == [
        "f.yaml: a: `os.environ/` must be followed by the name of an environment variable"
    ]


def test_value_is_not_resolved_twice() -> None:
    assert resolve({"a": "os.environ/X"}, X="os.environ/Y", Y="no")[0] == {"a": "os.environ/Y"}


def test_own_variables_serve_where_the_environment_is_silent() -> None:
    data: JSONObject = {
        "environment_variables": {"X": "own", "N": 5, "E": None},
        "a": "os.environ/X",
        "b": "os.environ/N",
        "c": "os.environ/E",
    }
    resolved = resolve(data)[0]
    assert (resolved["a"], resolved["b"], resolved["c"]) == ("own", "5", "")
    assert resolve(data, X="outer")[0]["a"] == "outer"


def test_own_variable_that_nothing_reads_is_a_warning() -> None:
    state = built("model_list: []\nenvironment_variables: {AWS_REGION: eu}")
    assert any("AWS_REGION: warning: only `os.environ/AWS_REGION`" in line for line in state.warnings)


def test_own_variables_are_where_a_providers_key_and_address_are_looked_for() -> None:
    text = "model_list: [{model_name: m, litellm_params: {model: azure/x}}]\nenvironment_variables: "
    own = "{AZURE_API_KEY: own, AZURE_API_BASE: https://own.example}"
    found = built(text + own, {"AZURE_API_KEY": "outer"})
    assert (only(found).api_key, only(found).api_base) == ("outer", "https://own.example")
    assert not any("exported" in line for line in found.warnings)


@pytest.mark.parametrize(
    "spelling",
    [
        "env/MY_KEY",
        "ENV/MY_KEY",
        "$MY_KEY",
        "${MY_KEY}",
        "os.environ[MY_KEY]",
        "os.environ['MY_KEY']",
        'os.getenv("MY_KEY")',
        "os.environ.get('MY_KEY')",
    ],
)
def test_other_spelling_of_a_secret_is_an_error_with_a_hint(spelling: str) -> None:
    assert resolve({"api_key": spelling})[1] == [
        "f.yaml: api_key: is no reference to the environment; write os.environ/MY_KEY"
    ]


def test_other_spelling_elsewhere_is_a_warning() -> None:
    assert resolve({"tag": "env/PROD"})[1] == [
        "f.yaml: tag: warning: is no reference to the environment; write os.environ/PROD"
    ]


def test_missing_variable_is_reported_once_with_its_line() -> None:
    assert errors(
        "model_list: []\ngeneral_settings:\n  master_key: os.environ/KEY\nrouter_settings: {num_retries: os.environ/N}"
    ) == [
        "f.yaml:3: general_settings.master_key: environment variable KEY is not set",
        "f.yaml:4: router_settings.num_retries: environment variable N is not set",
    ]


def test_resolved_text_becomes_the_type_of_its_key() -> None:
    state = built(
        "model_list: []\nrouter_settings: {num_retries: os.environ/N, timeout: os.environ/T}", {"N": "5", "T": "2.5"}
    )
    assert (state.routing.num_retries, state.routing.timeout_s) == (5, 2.5)


def test_resolved_secret_stands_in_no_message() -> None:
    ref = "os.environ/N"
    text = f"model_list: []\nrouter_settings: {{num_retries: {ref}, timeout: {ref}, routing_strategy: {ref}}}"
    found = errors(text, {"N": "hunter2-hunter2"})
    assert len(found) == 3
    assert "hunter2" not in "".join(found)


def test_environment_variables_must_be_a_mapping() -> None:
    assert "must be a mapping of names" in errors("model_list: []\nenvironment_variables: [a]")[0]
    assert not warnings(
        "environment_variables: {A: b}\nmodel_list: [{model_name: os.environ/A, litellm_params: {model: simulated/x}}]"
    )


def test_raw_document_keeps_its_references() -> None:
    one = loaded(
        "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: os.environ/K}}]", {"K": "s3cret-value"}
    )
    assert "s3cret-value" not in str(one.raw)
