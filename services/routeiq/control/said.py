"""Read what the document says of keys, users and teams that are made by API."""

from __future__ import annotations

from typing import Any

from routeiq.config.document import Document, LitellmSettings
from routeiq.config.document.section import Section
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.fields import Resets
from routeiq.control.terms import Given, Terms


def calendar_of(document: Document) -> Calendar:
    """By which budgets begin anew."""
    return Calendar.of(document.litellm.timezone, document.litellm.budget_reset_time)


def terms_of(document: Document, resets: Resets) -> Terms:
    """The document's models take nothing that a request may not have."""
    said = document.litellm
    users = said.default_internal_user_params
    return Terms(
        resets=resets,
        keys=_given(said.default_key_generate_params),
        limits=said.upperbound_key_generate_params,
        making=said.key_generation_settings,
        custom_keys=not document.general.disable_custom_api_keys,
        users=_given(users, "available_teams"),
        internal_users=_budget_of_users(said),
        joinable=users.available_teams,
        teams=_of_teams(said),
    )


def _given(section: Section, *but: str) -> dict[str, Any]:
    """What it says; an empty list or mapping says nothing."""
    said = section.model_dump(mode="json", exclude_unset=True, exclude=set(but))
    return {name: value for name, value in said.items() if value not in (None, [], {})}


def _budget_of_users(said: LitellmSettings) -> Given:
    most = said.max_internal_user_budget
    most = said.default_max_internal_user_budget if most is None else most
    found = {"max_budget": most, "budget_duration": said.internal_user_budget_duration}
    return {name: value for name, value in found.items() if value is not None}


def _of_teams(said: LitellmSettings) -> dict[str, Any]:
    older = {"max_budget": said.default_team_settings[0].max_budget} if said.default_team_settings else {}
    return {name: value for name, value in older.items() if value is not None} | _given(said.default_team_params)
