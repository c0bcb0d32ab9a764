"""What control's answer comes to."""

from __future__ import annotations

from math import inf

import pytest

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.clients.control_accounts import Account
from routeiq.gateway.callers.answer import Refused, caller_of, labels_changed, labels_of
from routeiq.gateway.callers.caller import Budget, Caller, Holder, Limits
from routeiq.gateway.spending.needs import Needs
from routeiq.kit.principal import Role


def resolved(answer: pb.ResolveResponse) -> Caller:
    found = caller_of(answer)
    assert isinstance(found, Caller)
    return found


def refused(answer: pb.ResolveResponse) -> str:
    found = caller_of(answer)
    assert isinstance(found, Refused)
    return found.error().message


def test_a_plain_key() -> None:
    found = resolved(pb.ResolveResponse(key=pb.Key(hash="h", alias="a", permissions=["mcp.*"], name="sk-...abcd")))
    principal = found.principal
    assert (principal.key_id, principal.role, principal.key_alias, principal.permissions) == (
        "h", Role.USER, "a", ("mcp.*",),
    )  # fmt: skip
    assert (found.routes, found.expires_at, found.holders, found.models.levels) == (None, inf, (), ())


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("proxy_admin", Role.ADMIN),
        ("proxy_admin_viewer", Role.VIEWER),
        ("internal_user", Role.USER),
        ("internal_user_viewer", Role.USER),
        ("", Role.USER),
        ("service", Role.USER),
    ],
)
def test_a_users_role_is_its_keys(role: str, expected: Role) -> None:
    answer = pb.ResolveResponse(key=pb.Key(hash="h", user_id="u"), user=pb.User(id="u", role=role))
    assert resolved(answer).principal.role is expected
    answer.key.team_id = "t"
    assert resolved(answer).principal.role is Role.USER


def test_who_is_blocked() -> None:
    assert refused(pb.ResolveResponse(key=pb.Key(hash="h", blocked=True))).startswith("Key is blocked. Update via")
    team = pb.Team(id="t", blocked=True)
    assert refused(pb.ResolveResponse(key=pb.Key(hash="h", team_id="t"), team=team)).startswith("Team=t is blocked.")
    assert refused(pb.ResolveResponse()) == "Invalid API key"


def test_limits_and_budgets_are_plain_data_of_who_has_any() -> None:
    answer = pb.ResolveResponse(
        key=pb.Key(
            hash="h", user_id="u", team_id="t", spend_nano_usd=5, limits=pb.Limits(rpm=0, tpm_by_model={"m": 9}),
            budgets_by_model={"m": pb.Budget(max_nano_usd=7)},
        ),
        user=pb.User(id="u"),
        team=pb.Team(id="t", budget=pb.Budget(id="b", max_nano_usd=10, duration="30d", reset_at=99), spend_nano_usd=3),
        member=pb.Member(limits=pb.Limits(max_parallel=2)),
    )  # fmt: skip
    key, team, member = resolved(answer).holders
    assert key == Holder("key", "h", Limits(rpm=0, tpm_by_model={"m": 9}), Budget(), 5, {"m": Budget(max_nano_usd=7)})
    assert team == Holder("team", "t", Limits(), Budget("b", 10, None, "30d", 99), 3)
    assert member == Holder("member", "t/u", Limits(max_parallel=2))


def test_a_key_that_took_anothers_place_spends_and_is_counted_as_that_one() -> None:
    old = pb.Key(hash="old", limits=pb.Limits(rpm=2, max_parallel=1), budget=pb.Budget(max_nano_usd=7))
    new = pb.Key(hash="new", account_id="old", limits=old.limits, budget=old.budget)
    before, after = (resolved(pb.ResolveResponse(key=one)) for one in (old, new))
    assert (after.holders[0].id, after.holders[0].counted_as) == ("new", "old")
    needs = [Needs(one) for one in (before, after)]
    assert needs[0].budgets[0].account == needs[1].budgets[0].account == Account("key", "old").name
    assert needs[0].places[0][0].account == needs[1].places[0][0].account
    rates = [one.rates.of_any_model for one in (before, after) if one.rates is not None]
    assert rates[0].limits == rates[1].limits
    assert [one.rate_of(one.limits[0]).value for one in rates] == ["old", "new"]


def test_a_budget_says_its_period_and_the_first_that_ends_says_until_when_the_caller_is_good() -> None:
    answer = pb.ResolveResponse(
        key=pb.Key(hash="h", budgets_by_model={"m": pb.Budget(max_nano_usd=7, reset_at=50)}),
        team=pb.Team(id="t", budget=pb.Budget(max_nano_usd=10, reset_at=99, period=8, spent_nano_usd=3)),
    )
    found = resolved(answer)
    assert found.holders[1].budget == Budget(max_nano_usd=10, reset_at=99, period=8, spent_nano_usd=3)
    assert found.resets_at == 50
    assert resolved(pb.ResolveResponse(key=pb.Key(hash="h"))).resets_at == inf


def test_it_depends_on_what_it_names() -> None:
    answer = pb.ResolveResponse(
        key=pb.Key(hash="h", user_id="u", team_id="t", budget=pb.Budget(id="b")),
        member=pb.Member(budget=pb.Budget(id="m")),
    )
    assert labels_of("h", answer) == {"k:h", "u:u", "t:t", "b:b", "b:m"}
    assert labels_of("h", pb.ResolveResponse()) == {"k:h"}
    assert labels_of("old", pb.ResolveResponse(key=pb.Key(hash="new"))) == {"k:old", "k:new"}
    changed = pb.Changed(keys=["h"], users=["u"], teams=["t"], budgets=["b"])
    assert labels_changed(changed) == {"k:h", "u:u", "t:t", "b:b"}
