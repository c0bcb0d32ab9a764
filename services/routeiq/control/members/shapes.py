"""Members as requests name them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from routeiq.control.amounts import Amount
from routeiq.control.fields import Body, ModelNames, Moment, Name, Rate
from routeiq.kit.checked import DurationText
from routeiq.kit.storable import check_storable

Email = Annotated[
    str, StringConstraints(min_length=1, max_length=320, strip_whitespace=True), AfterValidator(check_storable)
]


class Addressed(Body):
    """By id, by e-mail address, or by both."""

    user_id: Name | None = None
    user_email: Email | None = None

    @model_validator(mode="after")
    def _named(self) -> Any:
        if self.user_id is None and self.user_email is None:
            raise ValueError("Either user id or user email must be provided")
        return self


class Joining(Addressed):
    role: Literal["admin", "user"]


class OwnOfJoining(Body):
    """What each of those who join is given."""

    max_budget_in_team: Amount = None
    budget_duration: DurationText | None = None
    allowed_models: ModelNames | None = None


class AddMembers(OwnOfJoining):
    team_id: Name
    member: Annotated[list[Joining], Field(max_length=500)] | Joining

    @property
    def named(self) -> list[Joining]:
        return self.member if isinstance(self.member, list) else [self.member]


class BulkAdd(Body):
    team_id: Name
    members: list[Joining] | None = None
    all_users: bool | None = None
    max_budget_in_team: Amount = None


class DeleteMember(Addressed):
    team_id: Name


class UpdateMember(OwnOfJoining, Addressed):
    team_id: Name
    role: Literal["admin", "user"] | None = None
    tpm_limit: Rate | None = None
    rpm_limit: Rate | None = None
    temp_budget_increase: Annotated[float, Field(ge=0)] | None = None
    temp_budget_expiry: Moment | None = None

    @model_validator(mode="after")
    def _together(self) -> Any:
        if (self.temp_budget_increase is None) != (self.temp_budget_expiry is None):
            raise ValueError("temp_budget_increase and temp_budget_expiry must be set together")
        return self
