"""`credential_list`: named parameters, and the entries that use them."""

from __future__ import annotations

import pytest

from tests.support.config_documents import built, entry, errors, loaded, models, only

NAMED = (
    "credential_list:\n- credential_name: eu\n"
    "  credential_values: {api_key: os.environ/K, api_base: https://eu.example, api_version: '1'}\n"
    "  credential_info: {description: d, custom_llm_provider: azure}\n"
)
ENTRY = models(entry("m", "azure/x", "litellm_credential_name: eu, api_version: '2'"))


def test_values_are_put_in_where_the_entry_says_nothing() -> None:
    found = only(built(NAMED + ENTRY, {"K": "secret"}))
    assert (found.api_key, found.api_base, dict(found.params)) == ("secret", "https://eu.example", {"api_version": "2"})


def test_credential_makes_no_warning_and_stands_in_no_repr() -> None:
    one = loaded(NAMED + ENTRY, {"K": "secret"})
    assert one.problems.all() == ()
    assert "secret" not in repr(one)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY, "f.yaml:2: model_list[0].litellm_params.litellm_credential_name: there is no such credential"),
        (
            NAMED.replace("name: eu", "name: eu2") + ENTRY,
            "f.yaml:6: model_list[0].litellm_params.litellm_credential_name: there is no such credential",
        ),
        ("credential_list: {}\n" + models(entry()), "f.yaml:1: credential_list: must be a list of credentials"),
        (
            NAMED + "- credential_name: eu\n" + models(entry()),
            "f.yaml:5: credential_list[1].credential_name: is also the name of an earlier credential",
        ),
        (
            NAMED + "- {credential_values: {}}\n" + models(entry()),
            "f.yaml:5: credential_list[1].credential_name: is required",
        ),
        (
            "credential_list:\n- {credential_name: eu, credential_values: 5}\n" + ENTRY,
            "f.yaml:2: credential_list[0].credential_values: must be a mapping",
        ),
        (
            NAMED.replace("https://eu.example", "http://169.254.169.254") + ENTRY,
            "f.yaml:6: model_list[0].litellm_params.api_base: the URL leads to an address",
        ),
    ],
)
def test_faulty_credential(text: str, message: str) -> None:
    (found,) = errors(text, {"K": "secret"})
    assert found.startswith(message)
