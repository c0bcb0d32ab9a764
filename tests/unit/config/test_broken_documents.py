"""Ten broken documents: all of their errors at once, each with its line, in words that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.config.check import check

GOOD = "model_list:\n  - model_name: a\n    litellm_params: {model: simulated/a}\n"
MODEL = "model_list[0].litellm_params"

BROKEN: dict[str, tuple[str, list[str]]] = {
    "misspelt references and missing variables": (
        "model_list:\n"
        "  - model_name: a\n"
        "    litellm_params:\n"
        "      model: openai/gpt-4o\n"
        "      api_key: os.environ/OPENAI_KEY\n"
        "      api_base: ${OPENAI_BASE}\n"
        "general_settings:\n"
        "  master_key: env/LITELLM_MASTER_KEY\n"
        "  database_url: os.environ/\n",
        [
            f"5: {MODEL}.api_key: environment variable OPENAI_KEY is not set; did you mean OPENAI_API_KEY?",
            f"6: {MODEL}.api_base: is no reference to the environment; write os.environ/OPENAI_BASE",
            f"6: {MODEL}.api_base: the URL must be an http or https URL",
            "8: general_settings.master_key: is no reference to the environment; write os.environ/LITELLM_MASTER_KEY",
            "8: general_settings.master_key: is a reference that nobody resolved, not a key",
            "9: general_settings.database_url: `os.environ/` must be followed by the name of an environment variable",
        ],
    ),
    "wrong types": (
        GOOD + "    model_info: {max_tokens: 0, supports_vision: maybe}\n"
        "router_settings:\n  num_retries: two\n  timeout: -1\n  fallbacks: {a: [a]}\n  cooldown_time: .nan\n"
        "routeiq: []\n",
        [
            "4: model_list[0].model_info.max_tokens: must be greater than 0",
            "4: model_list[0].model_info.supports_vision: must be true or false",
            "6: router_settings.num_retries: must be a whole number",
            "7: router_settings.timeout: must be greater than 0",
            "8: router_settings.fallbacks: must be a list",
            "9: router_settings.cooldown_time: must be a finite number",
            "10: routeiq: must be a mapping",
        ],
    ),
    "entries that are none": (
        "model_list:\n  - gpt-4o\n  - model_name: b\n  - litellm_params: {model: openai/}\n"
        "  - {model_name: '', litellm_params: {model: openai/x}}\n"
        "  - {model_name: e, litellm_params: {model: openai/}}\n",
        [
            "2: model_list[0]: must be a mapping",
            "3: model_list[1].litellm_params: is required",
            "4: model_list[2].model_name: is required",
            "5: model_list[3].model_name: must not be empty",
            "6: model_list[4].litellm_params.model: names no model after the slash",
        ],
    ),
    "names that nobody has": (
        GOOD + "router_settings:\n  model_group_alias: {fast: aa, slow: fast}\n  fallbacks: [{b: [a, c]}]\n"
        "  default_fallbacks: [d]\nlitellm_settings:\n  context_window_fallbacks: [{a: [big]}]\n"
        "routeiq: {auto: {models: [a, f], fallback: g}}\n",
        [
            "5: router_settings.model_group_alias.fast: there is no such model",
            "5: router_settings.model_group_alias.slow: stands for fast, which is an alias itself; name its model",
            "6: router_settings.fallbacks[0].b: there is no such model",
            "6: router_settings.fallbacks[0].b[1]: there is no such model",
            "7: router_settings.default_fallbacks[0]: there is no such model",
            "9: litellm_settings.context_window_fallbacks[0].a[0]: there is no such model",
            "10: routeiq.auto.models[1]: there is no such model",
            "10: routeiq.auto.fallback: there is no such model",
        ],
    ),
    "strategies that cannot be loaded": (
        GOOD + "router_settings:\n  routing_strategy: llmrouter-svm\n"
        "  routing_strategy_args: {model_path: models/knn.pkl}\nrouteiq: {artifact: nowhere}\n",
        [
            "5: router_settings.routing_strategy: strategy llmrouter-svm cannot be loaded here; use llmrouter-mlp",
            "6: router_settings.routing_strategy_args.model_path: a model of this kind is never loaded; train an "
            "artifact with `routeiq train` and give its directory",
            "7: routeiq.artifact: is not a directory on this machine",
        ],
    ),
    "addresses that are never called, keys that everybody knows": (
        GOOD.replace("simulated/a", "openai/a, api_base: 'http://169.254.169.254/v1', api_key: k")
        + "  - {model_name: b, litellm_params: {model: openai/b, base_url: 'http://user:pw@host', api_key: k}}\n"
        "general_settings: {master_key: sk-1234}\n",
        [
            f"3: {MODEL}.api_base: the URL leads to an address that must never be called",
            "4: model_list[1].litellm_params.base_url: the URL must not hold a user name or password",
            "5: general_settings.master_key: is a well-known example key; choose a random one",
        ],
    ),
    "the same twice": (
        "model_list:\n"
        "  - {model_name: a, litellm_params: {model: simulated/a}, model_info: {id: one}}\n"
        "  - {model_name: b, litellm_params: {model: simulated/b}, model_info: {id: one}}\n"
        "router_settings:\n  timeout: 5\n  timeout: 6\n"
        "routeiq:\n  providers:\n    - {name: openai, models: [m]}\n    - {name: openai, models: [m]}\n",
        [
            "3: model_list[1].model_info.id: is also the id of model_list[0]; ids must differ",
            "6: router_settings.timeout: is given twice; the first is on line 5",
            "10: routeiq.providers[1].name: is also the name of routeiq.providers[0]",
        ],
    ),
    "wildcards and credentials": (
        "model_list:\n"
        "  - {model_name: 'a/*', litellm_params: {model: 'openai/*/*', api_key: k}}\n"
        "  - {model_name: '*-*-*-*', litellm_params: {model: 'openai/*', api_key: k}}\n"
        "  - {model_name: c, litellm_params: {model: openai/c, litellm_credential_name: produktion}}\n"
        "credential_list:\n  - {credential_name: production, credential_values: {api_key: k}}\n  - {}\n",
        [
            "2: model_list[0].litellm_params.model: has more `*` than model_name",
            "3: model_list[1].model_name: has more than 3 `*`",
            "4: model_list[2].litellm_params.litellm_credential_name: there is no such credential; did you mean "
            "production?",
            "7: credential_list[1].credential_name: is required",
        ],
    ),
    "providers and overrides": (
        GOOD + "routeiq:\n  providers:\n    - {name: mine, models: [m]}\n    - {name: openai, models: [m, n]}\n"
        "  overrides:\n    - {user_id: u, provider_name: opnai, model_name: m}\n"
        "    - {user_id: u, provider_name: openai, model_name: o}\n"
        "    - {user_id: u, service_name: s, provider_name: openai, model_name: m}\n",
        [
            "6: routeiq.providers[0]: needs a base_url, because its name is not a known provider's",
            "9: routeiq.overrides[0].provider_name: there is no such provider; did you mean openai?",
            "10: routeiq.overrides[1]: is for the same customer and service as routeiq.overrides[0]",
            "10: routeiq.overrides[1].model_name: is not one of the provider's models",
        ],
    ),
    "included files": (
        GOOD + "include:\n  - missing.yaml\n  - broken.yaml\n  - twice.yaml\n  - ring.yaml\n"
        "router_settings:\n  num_retries: 1\n",
        [
            "5: include[0]: missing.yaml: cannot be read: No such file or directory",
            "broken.yaml:2: is not valid YAML: expected the node content, but found '<stream end>' while parsing a "
            "flow node",
            "twice.yaml:2: model_list[0].litellm_params.rpm: must be a number",
            "twice.yaml:3: router_settings.num_retries: is given in config.yaml:10 too; keep one of them",
            "ring.yaml:1: include[0]: ring.yaml is included twice",
        ],
    ),
}
BESIDE = {
    "broken.yaml": "a: [b: c, d: [\n",
    "twice.yaml": "model_list:\n- {model_name: t, litellm_params: {model: simulated/t, rpm: fast}}\n"
    "router_settings: {num_retries: 1}\n",
    "ring.yaml": "include: [ring.yaml]\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_all_errors_come_with_their_lines(tmp_path: Path, name: str) -> None:
    text, expected = BROKEN[name]
    (tmp_path / "config.yaml").write_text(text)
    for file, content in BESIDE.items():
        (tmp_path / file).write_text(content)
    found = check(tmp_path / "config.yaml", {"OPENAI_API_KEY": "k"}).errors
    assert [line.replace(f"{tmp_path}/", "").removeprefix("config.yaml:") for line in found] == expected


def test_there_are_ten() -> None:
    assert len(BROKEN) == 10
