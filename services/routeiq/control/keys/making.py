"""`key_generation_settings` and `disable_custom_api_keys`: who may make keys, what they must say, and what not."""

from __future__ import annotations

from collections.abc import Iterable

from routeiq.control.keys.refusals import plain, wrapped
from routeiq.control.keys.shapes import GenerateKey
from routeiq.control.keys.standing import Standing
from routeiq.control.terms import Terms


def check_making(terms: Terms, standing: Standing, body: GenerateKey, team_id: str | None) -> None:
    """Args: team_id: that was asked for. As with LiteLLM, administrators are free to make keys of teams, and keys of
    no team they make by the rules.  Raises: Refused."""
    if team_id is None:
        _check_personal(terms, standing, body)
    elif not standing.is_admin:
        _check_team(terms, standing.teams.get(team_id), body)


def check_text(terms: Terms, key: str | None) -> None:
    """Raises: Refused: the caller chose a key's text, which nobody may."""
    if key is not None and not terms.custom_keys:
        text = "Custom API key values are disabled by your administrator. Keys must be auto-generated."
        raise wrapped(403, text)


def _check_personal(terms: Terms, standing: Standing, body: GenerateKey) -> None:
    rules = terms.making.personal_key_generation
    if rules.allowed_user_roles is not None and standing.role not in rules.allowed_user_roles:
        allowed = list(rules.allowed_user_roles)
        text = f"Personal key creation has been restricted by admin. Allowed roles={allowed}. Your role={standing.role}"
        raise plain(400, text)
    _check_required(rules.required_params, body)


def _check_team(terms: Terms, role: str | None, body: GenerateKey) -> None:
    rules = terms.making.team_key_generation
    if rules.allowed_team_member_roles is not None and role not in rules.allowed_team_member_roles:
        allowed = list(rules.allowed_team_member_roles)
        raise plain(400, f"Team member role {role} not in allowed_team_member_roles={allowed}")
    _check_required(rules.required_params, body)


def _check_required(names: Iterable[str], body: GenerateKey) -> None:
    for name in names:
        if name not in body.model_fields_set:
            raise plain(400, f"Required param {name} not in data")
