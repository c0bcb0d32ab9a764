"""What a new document changes only at a restart is named, and nothing else is."""

from __future__ import annotations

import pytest

from routeiq.config.bundle import Bundle
from routeiq.config.needs_restart import AT_A_RESTART, between, needs_restart
from tests.support.config_documents import loaded

MODEL = "model_list: [{model_name: m, litellm_params: {model: simulated/x}}]\n"


def changed(before: str, after: str) -> tuple[str, ...]:
    return needs_restart(loaded(before), loaded(after))


@pytest.mark.parametrize(
    ("section", "setting"),
    [
        ("general_settings", "master_key: os.environ/A"),
        ("general_settings", "maximum_spend_logs_retention_period: 30d"),
        ("general_settings", "alerting: [slack]"),
        ("litellm_settings", "timezone: Europe/Berlin"),
        ("litellm_settings", "budget_reset_time: '06:00'"),
    ],
)
def test_what_is_read_once_is_named(section: str, setting: str) -> None:
    path = (section, setting.partition(":")[0])
    assert path in AT_A_RESTART
    with_it = f"{MODEL}{section}: {{{setting}}}\n"
    assert changed(MODEL, with_it) == changed(with_it, MODEL) == (".".join(path),)
    assert changed(with_it, with_it) == ()


def test_a_directory_by_litellms_name_is_read_at_a_start_alone_and_ours_is_followed() -> None:
    with_it = f"{MODEL}router_settings: {{routing_strategy_args: {{model_path: router}}}}\n"
    named = ("router_settings.routing_strategy_args.model_path",)
    assert changed(MODEL, with_it) == changed(with_it, MODEL) == named
    assert changed(with_it, with_it.replace("path: router", "path: other")) == named
    assert changed(MODEL, f"{MODEL}routeiq: {{artifact: router}}\n") == ()


def test_a_reference_to_another_variable_counts_though_none_is_set() -> None:
    one, other = (f"{MODEL}general_settings: {{master_key: os.environ/{name}}}\n" for name in "AB")
    assert changed(one, other) == ("general_settings.master_key",)


def test_a_default_that_is_written_down_is_no_change() -> None:
    assert changed(MODEL, f"{MODEL}litellm_settings: {{timezone: UTC, budget_reset_time: '00:00'}}\n") == ()


def test_what_follows_the_document_is_not_named() -> None:
    other = MODEL.replace("m,", "n,") + (
        "router_settings: {routing_strategy: llmrouter-knn, num_retries: 0, timeout: 3}\n"
        "routeiq: {log_level: debug, body_limit_mb: 1, auto: {objective: cost}, "
        "providers: [{name: p, models: [x], api_key: k}]}\n"
        "litellm_settings: {drop_params: true, default_team_params: {max_budget: 1}}\n"
        "environment_variables: {A: b}\n"
    )
    assert changed(MODEL, other) == ()


def test_documents_that_were_sent_are_compared_with_what_they_include() -> None:
    one = Bundle("a.yaml", {"a.yaml": MODEL})
    files = {"a.yaml": f"include: [b.yaml]\n{MODEL}", "b.yaml": "litellm_settings: {timezone: Europe/Berlin}\n"}
    assert between(one, Bundle("a.yaml", files)) == ("litellm_settings.timezone",)
