"""What `litellm_settings` says of keys, users and teams loads as LiteLLM's users write it, and faults have lines."""

from __future__ import annotations

import pytest

from routeiq.config.document.management import KeyLimits
from tests.support.config_documents import errors, loaded, warnings

MODEL = "model_list: [{model_name: m, litellm_params: {model: simulated/x}}]\n"


def settings(text: str) -> str:
    return f"{MODEL}litellm_settings:\n  {text}\n"


def test_settings_load_as_they_are_written() -> None:
    text = settings(
        "default_internal_user_params: {user_role: internal_user_viewer, budget_duration: monthly, teams: [a, "
        "{team_id: b, max_budget_in_team: 2, user_role: admin}], available_teams: [5]}"
    )
    assert warnings(text) == []
    found = loaded(text).document.litellm.default_internal_user_params
    assert (found.user_role, found.budget_duration, found.available_teams) == ("internal_user_viewer", "30d", ("5",))
    assert [(one.team_id, one.max_budget_in_team, one.user_role) for one in found.teams] == [
        ("a", None, "user"), ("b", 2, "admin"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("default_key_generate_params: {max_budget: -1}", "default_key_generate_params.max_budget", "not negative"),
        ("default_key_generate_params: {max_budget: .inf}", "default_key_generate_params.max_budget", "finite"),
        ('default_key_generate_params: {team_id: "a\\0"}', "default_key_generate_params.team_id", "control char"),
        (
            "default_key_generate_params: {metadata: {model_rpm_limit: {a: -1}}}",
            "default_key_generate_params.metadata.model_rpm_limit.a",
            "greater",
        ),
        ('default_key_generate_params: {metadata: {a: "b\\0"}}', "default_key_generate_params.metadata", "NUL"),
        ("default_key_generate_params: {metadata: no}", "default_key_generate_params.metadata", "must be a mapping"),
        (
            'default_team_params: {team_member_permissions: ["\\0"]}',
            "default_team_params.team_member_permissions[0]",
            "NUL",
        ),
        ("upperbound_key_generate_params: {duration: 3 days}", "upperbound_key_generate_params.duration", "duration"),
        ("upperbound_key_generate_params: [1]", "upperbound_key_generate_params", "must be a mapping"),
        ("upperbound_key_generate_params: {rpm_limit: -1}", "upperbound_key_generate_params.rpm_limit", "greater"),
        ("default_internal_user_params: {user_role: boss}", "default_internal_user_params.user_role", "must be"),
        ("default_team_settings: [{max_budget: 5}]", "default_team_settings[0].team_id", "is required"),
        ("max_internal_user_budget: much", "max_internal_user_budget", "must be a"),
        ("timezone: Mars/Base", "timezone", "is not a time zone"),
        ("budget_reset_time: noon", "budget_reset_time", "is not a time of day"),
        ("budget_reset_time: 390", "budget_reset_time", "in quotes"),
    ],
)
def test_fault_is_an_error_with_its_line(text: str, where: str, message: str) -> None:
    (found,) = errors(settings(text))
    assert found.startswith(f"f.yaml:3: litellm_settings.{where}: ")
    assert message in found


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("default_key_generate_params: {durtion: 1d}", "default_key_generate_params.durtion: warning: unknown key"),
        (
            "default_key_generate_params: {object_permission: {}}",
            "default_key_generate_params.object_permission: warning: is accepted but has no effect yet",
        ),
        ("default_team_params: {models: [a]}", "default_team_params.models: warning: is accepted but has no effect"),
        (
            "default_team_settings: [{team_id: a, success_callback: [x]}]",
            "default_team_settings[0].success_callback: warning: is accepted but has no effect yet",
        ),
        (
            "default_team_settings: [{team_id: a}, {team_id: b, max_budget: 1}]",
            "default_team_settings[1].max_budget: warning: has no effect; the first",
        ),
        (
            "default_internal_user_params: {teams: [{team_id: a, user_rle: x}]}",
            "default_internal_user_params.teams[0].user_rle: warning: unknown key; did you mean user_role?",
        ),
        ("key_alias_pattern: a", "key_alias_pattern: warning: is accepted but has no effect yet"),
    ],
)
def test_what_does_nothing_says_so(text: str, warning: str) -> None:
    (found,) = warnings(settings(text))
    assert found.startswith(f"f.yaml:3: litellm_settings.{warning}")


def test_default_over_the_upper_bound_is_warned_of() -> None:
    text = settings("default_key_generate_params: {max_budget: 5, duration: 31d, rpm_limit: 1}\n  ")
    (budget, duration) = warnings(
        text + "  upperbound_key_generate_params: {max_budget: 4, duration: 1mo, rpm_limit: 1}\n"
    )
    assert budget == (
        "f.yaml:3: litellm_settings.default_key_generate_params.max_budget: warning: is over "
        "upperbound_key_generate_params.max_budget; a key that is made without one is refused"
    )
    assert "default_key_generate_params.duration: warning: is over" in duration


@pytest.mark.parametrize(
    ("most", "value", "exceeded"),
    [
        ("30d", "1mo", False), ("1mo", "30d", False), ("1mo", "31d", True), ("30d", "-1", True), ("1h", "61m", True),
        ("1h", "3600s", False), (None, "-1", False), ("1h", None, False),
    ],
)  # fmt: skip
def test_durations_are_compared_by_their_length(most: str | None, value: str | None, exceeded: bool) -> None:
    assert KeyLimits(duration=most).exceeded_by("duration", value) is exceeded
