"""What a caller's limits come to, and which of them speak in headers."""

from __future__ import annotations

from routeiq.gateway.callers.caller import NO_LIMITS, Holder, Limits
from routeiq.gateway.callers.rates import Rates, RateSet, rates_of
from routeiq.kit.http_head import as_lines

ENDS, WAIT_S = 1_800_000_060, 15


def rates(*holders: Holder) -> Rates:
    found = rates_of(holders)
    assert found is not None
    return found


def named(chosen: RateSet) -> list[tuple[str, str, int, str]]:
    found = [chosen.rate_of(limit) for limit in chosen.limits]
    return [(one.descriptor, one.value, one.limit.most, one.type) for one in found]


def headers(chosen: RateSet, *left: int, refusing: int | None = None) -> dict[str, str]:
    limit = None if refusing is None else chosen.limits[refusing]
    own, shared = chosen.headers(left, ENDS, WAIT_S, limit)
    found = [*own, *shared]
    assert len({name for name, _ in found}) == len(found)
    if limit is None:
        assert chosen.lines(list(left), ENDS, WAIT_S) == (as_lines(own), shared)
    return {name.decode(): value.decode() for name, value in found}


def test_most_callers_have_none() -> None:
    assert rates_of(()) is None
    assert rates_of([Holder("key", "h", Limits(max_parallel=1)), Holder("user", "ada", NO_LIMITS)]) is None


def test_every_holder_has_its_own() -> None:
    limits = Limits(rpm=1, tpm=2, rpm_by_model={"m": 3}, tpm_by_model={"m": 4, "n": 5})
    holders = [Holder(kind, f"id-{kind}", limits) for kind in ("key", "user", "team")]
    holders.append(Holder("member", "id/member", limits))
    found = rates(*holders)
    always = [
        (name, value, most, type_)
        for name, value in (
            ("api_key", "id-key"),
            ("user", "id-user"),
            ("team", "id-team"),
            ("team_member", "id:member"),
        )
        for most, type_ in ((1, "requests"), (2, "tokens"))
    ]
    assert named(found.of_any_model) == always
    assert found.of(["other"]) is found.of_any_model
    of_m = named(found.of(["m", "m", "other"]))
    assert of_m[:8] == always
    assert of_m[8:10] == [("model_per_key", "id-key:m", 3, "requests"), ("model_per_key", "id-key:m", 4, "tokens")]
    assert {name for name, *_ in of_m[8:]} == {
        "model_per_key", "model_per_user", "model_per_team", "model_per_team_member",
    }  # fmt: skip
    assert len({limit.key for limit in found.of(["m", "n"]).limits}) == 8 + 8 + 4


def test_callers_of_one_team_have_one_count_and_nobody_elses() -> None:
    first, second = (rates(Holder("team", "blue", Limits(rpm=most))).of_any_model for most in (1, 2))
    assert first.limits[0].key == second.limits[0].key
    other = rates(Holder("user", "blue", Limits(rpm=1))).of_any_model
    assert other.limits[0].key != first.limits[0].key
    assert "blue" not in first.limits[0].key


def test_the_least_left_speaks_for_its_type_and_requests_for_all() -> None:
    limits = Limits(rpm=10, tpm=100)
    chosen = rates(Holder("key", "h", limits), Holder("team", "t", limits)).of_any_model
    said = headers(chosen, 5, 70, 2, 90)
    assert (said["x-ratelimit-limit"], said["x-ratelimit-remaining"]) == ("10", "2")
    assert said["x-ratelimit-reset"] == str(ENDS)
    assert (said["x-ratelimit-remaining-requests"], said["x-ratelimit-remaining-tokens"]) == ("2", "70")
    assert said["x-ratelimit-team-remaining-tokens"] == "90"
    assert headers(chosen, 5, 70, 6, -3)["x-ratelimit-remaining-tokens"] == "0"
    assert headers(chosen, 5, 70, 6, -3)["x-ratelimit-remaining-requests"] == "5"


def test_what_refuses_speaks_for_all() -> None:
    chosen = rates(Holder("key", "h", Limits(rpm=10, tpm=100))).of_any_model
    assert headers(chosen, 3, 20)["x-ratelimit-limit"] == "10"
    refused = headers(chosen, 3, 20, refusing=1)
    assert (refused["x-ratelimit-limit"], refused["x-ratelimit-remaining"]) == ("100", "20")


def test_only_tokens() -> None:
    said = headers(rates(Holder("key", "h", Limits(tpm=100))).of_any_model, 40)
    assert said["x-ratelimit-remaining"] == said["x-ratelimit-remaining-tokens"] == "40"
    assert said["x-ratelimit-reset-tokens"] == "15s"
    assert not [name for name in said if name.endswith("requests")]


def test_many_combinations_of_models_are_not_kept_for_ever() -> None:
    names = [str(number) for number in range(40)]
    found = rates(Holder("key", "h", Limits(rpm_by_model=dict.fromkeys(names, 1))))
    for first in names:
        for second in names:
            assert len(found.of([first, second]).limits) == (1 if first == second else 2)
    assert len(found._kept) <= 256
