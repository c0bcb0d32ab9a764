"""What `litellm_settings` says of keys, users and teams that are made by API, and how far keys may go.

Control reads it when it starts. What has no default here is left open.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from routeiq.config.document.key_metadata import KeyMetadata, Rate
from routeiq.config.document.names import Name
from routeiq.config.document.section import Section
from routeiq.config.words import words
from routeiq.kit.checked import USD, DurationText, checked
from routeiq.kit.clock import duration_of, time_of_day, zone_of
from routeiq.kit.storable import check_storable

_WORDS = {"hourly": "1h", "daily": "24h", "weekly": "7d", "monthly": "30d"}
"""LiteLLM's, for budgets."""
SPANS = ("budget_duration", "duration")
NEVER = "-1"
"""The `duration` of a key that does not end."""


def _plain(value: object) -> object:
    return _WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value


ShortName = Annotated[Name, Field(max_length=256)]
Span = Annotated[DurationText, BeforeValidator(_plain)]
Models = Annotated[tuple[ShortName, ...], Field(max_length=10_000)]
Text = Annotated[str, AfterValidator(check_storable)]
Zone = Annotated[str, checked(zone_of)]
TimeOfDay = Annotated[str, checked(time_of_day)]
UserRole = Literal["proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer"]


class KeyLimits(Section):
    """How far keys may go that are made or changed by API, administrators' too. A key of which nothing is said has
    these."""

    max_budget: USD | None = Field(default=None, description="Dollars.")
    budget_duration: Span | None = Field(default=None, description="After how long a budget begins anew, at the most.")
    duration: Span | None = Field(default=None, description="How long a key lives; for ever (`-1`) is longer.")
    max_parallel_requests: Rate | None = Field(default=None, description="Requests at one time.")
    tpm_limit: Rate | None = Field(default=None, description="Tokens a minute.")
    rpm_limit: Rate | None = Field(default=None, description="Requests a minute.")

    def exceeded_by(self, name: str, value: float | str | None) -> bool:
        """Args: name: one of these fields.  value: of a key; None says nothing."""
        most = getattr(self, name)
        if most is None or value is None:
            return False
        if name not in SPANS:
            return bool(value > most)
        return value == NEVER or duration_of(str(value)).about > duration_of(most).about


class KeyDefaults(Section):
    """What `/key/generate` gives a key where the request says nothing."""

    max_budget: USD | None = Field(default=None, description="Dollars.")
    budget_duration: Span | None = Field(default=None, description="After how long the budget begins anew.")
    duration: Span | None = Field(default=None, description="How long the key lives.")
    max_parallel_requests: Rate | None = Field(default=None, description="Requests at one time.")
    tpm_limit: Rate | None = Field(default=None, description="Tokens a minute.")
    rpm_limit: Rate | None = Field(default=None, description="Requests a minute.")
    user_id: ShortName | None = Field(default=None, description="The user of keys that administrators make.")
    team_id: ShortName | None = Field(default=None, description="The team, which need not have the user as a member.")
    models: Models = Field(default=(), description="What it may use.")
    metadata: KeyMetadata = Field(default_factory=KeyMetadata, description="Its metadata: a mapping of anything.")

    later: ClassVar[frozenset[str]] = frozenset({"object_permission"})


class PersonalKeys(Section):
    """Who makes keys that belong to no team, administrators too."""

    allowed_user_roles: tuple[UserRole, ...] | None = Field(default=None, description="Roles of users. Default: all.")
    required_params: tuple[str, ...] = Field(default=(), description="What `/key/generate` must be told.")


class TeamKeys(Section):
    """Which members of a team make keys of it. Administrators always do."""

    allowed_team_member_roles: tuple[Literal["admin", "user"], ...] | None = Field(
        default=None, description="Roles in the team. Default: all."
    )
    required_params: tuple[str, ...] = Field(default=(), description="What `/key/generate` must be told.")


class KeyGeneration(Section):
    """Who may make keys."""

    team_key_generation: TeamKeys = Field(default_factory=TeamKeys, description="Keys of teams.")
    personal_key_generation: PersonalKeys = Field(default_factory=PersonalKeys, description="Keys of none.")


class TeamToJoin(Section):
    """A team, and what its new member is there."""

    team_id: ShortName = Field(description="It must exist.")
    max_budget_in_team: USD | None = Field(default=None, description="Dollars.")
    user_role: Literal["user", "admin"] = Field(default="user", description="Its role in the team.")


def _named(team: object) -> object:
    """A team may be named by its id alone."""
    return {"team_id": team} if isinstance(team, str | int) else team


class UserDefaults(Section):
    """What `/user/new` gives a user where the request says nothing, but for `teams` not a `proxy_admin`. Who becomes a
    user by joining a team is given `models`, `max_budget` and `budget_duration`."""

    user_role: UserRole | None = Field(default=None, description="Its role. Default: `internal_user`.")
    max_budget: USD | None = Field(default=None, description="Dollars.")
    budget_duration: Span | None = Field(default=None, description="After how long the budget begins anew.")
    max_parallel_requests: Rate | None = Field(default=None, description="Requests at one time.")
    tpm_limit: Rate | None = Field(default=None, description="Tokens a minute.")
    rpm_limit: Rate | None = Field(default=None, description="Requests a minute.")
    models: Models = Field(default=(), description="What it may use.")
    teams: tuple[Annotated[TeamToJoin, BeforeValidator(_named)], ...] = Field(
        default=(),
        max_length=100,
        description="Teams that it joins: ids, or mappings of `team_id`, `max_budget_in_team`, `user_role`.",
    )
    available_teams: tuple[ShortName, ...] = Field(
        default=(), description="Teams that users may join by themselves: `/team/available`, `/team/member_add`."
    )


class TeamDefaults(Section):
    """What `/team/new` gives a team where the request says nothing."""

    max_budget: USD | None = Field(default=None, description="Dollars.")
    budget_duration: Span | None = Field(default=None, description="After how long the budget begins anew.")
    tpm_limit: Rate | None = Field(default=None, description="Tokens a minute.")
    rpm_limit: Rate | None = Field(default=None, description="Requests a minute.")
    organization_id: ShortName | None = Field(default=None, description="Kept and given back.")
    team_member_permissions: tuple[Text, ...] | None = Field(default=None, description="Kept and given back.")

    later: ClassVar[frozenset[str]] = frozenset({"models"})


class TeamSettings(Section):
    """LiteLLM's older form. The first one's `max_budget` is the default of `default_team_params.max_budget`."""

    team_id: ShortName = Field(description="Required, as by LiteLLM; the budget is every new team's.")
    max_budget: USD | None = Field(default=None, description="Dollars.")

    later: ClassVar[frozenset[str]] = words(
        """
        success_callback failure_callback callbacks langfuse_public_key langfuse_secret langfuse_secret_key
        langfuse_host langsmith_api_key turn_off_message_logging
        """
    )
