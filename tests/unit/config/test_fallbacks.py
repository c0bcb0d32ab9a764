"""Fallback lists: references, chains, the section that wins; and the settings that stand beside them."""

from __future__ import annotations

import pytest

from routeiq.config.state import FallbackNames, ModelName
from routeiq.config.statuses import ANY_STATUS
from tests.support.config_documents import built, entry, errors, models, only, warnings
from tests.support.twins import deployment

ABC = models(entry("a"), entry("b"), entry("c"))


def fallbacks(router: str, name: str = "a", library: str = "", listed: str = ABC) -> FallbackNames | None:
    state = built(f"{listed}router_settings: {{{router}}}\nlitellm_settings: {{{library}}}\n")
    return state.routing.fallbacks.get(ModelName(name))


def general(router: str, name: str = "a", library: str = "") -> tuple[str, ...]:
    found = fallbacks(router, name, library)
    return found.general if found else ()


def test_document_without_lists_has_none() -> None:
    assert built(ABC).routing.fallbacks == {}


@pytest.mark.parametrize(
    ("router", "chain"),
    [
        ("fallbacks: [{a: [b, c]}]", ("b", "c")),
        ("fallbacks: [{a: b}]", ("b",)),
        ("fallbacks: [{a: [c]}, {a: [b]}]", ("c",)),
        ('fallbacks: [{"*": [c]}]', ("c",)),
        ('fallbacks: [{"*": [c]}, {a: [b]}]', ("b",)),
        ("default_fallbacks: [a, b]", ("b",)),
        ('fallbacks: [{"*": [c]}], default_fallbacks: [b]', ("c",)),
        ("fallbacks: [{a: [b]}, {b: [c]}]", ("b", "c")),
        ("fallbacks: [{a: [b]}, {b: [a]}]", ("b",)),
        ("fallbacks: [{a: [b, c]}], max_fallbacks: 1", ("b",)),
        ("fallbacks: [{a: [b, c]}], max_fallbacks: 0", ()),
        ("fallbacks: [{a: [auto]}]", ("auto",)),
    ],
)
def test_chain(router: str, chain: tuple[str, ...]) -> None:
    assert general(router) == chain


def test_a_fallbacks_own_list_comes_before_the_next_of_the_list() -> None:
    listed = models(*(entry(name) for name in "abcd"))
    found = fallbacks("fallbacks: [{a: [b, d]}, {b: [c]}]", listed=listed)
    assert found is not None
    assert found.general == ("b", "c", "d")


def test_auto_may_have_fallbacks() -> None:
    assert general("fallbacks: [{auto: [c]}]", "auto") == ("c",)


def test_kinds_are_kept_apart() -> None:
    found = fallbacks("context_window_fallbacks: [{a: [b]}], content_policy_fallbacks: [{a: [c]}]")
    assert found == FallbackNames((), (ModelName("b"),), (ModelName("c"),))


@pytest.mark.parametrize(("router", "chain"), [("", ("c",)), ("fallbacks: [{a: [b]}]", ("b",)), ("fallbacks: []", ())])
def test_router_settings_win(router: str, chain: tuple[str, ...]) -> None:
    assert general(router, library="fallbacks: [{a: [c]}]") == chain


def test_library_defaults_count() -> None:
    assert general("", library="default_fallbacks: [c]") == ("c",)


@pytest.mark.parametrize("kind", ["fallbacks", "context_window_fallbacks", "content_policy_fallbacks"])
@pytest.mark.parametrize("section", ["router_settings", "litellm_settings"])
def test_unknown_model_in_a_list_is_an_error_with_its_line(kind: str, section: str) -> None:
    text = models(entry("large")) + f"{section}:\n  {kind}:\n  - large:\n    - larg\n"
    assert errors(text) == [f"f.yaml:6: {section}.{kind}[0].large[0]: there is no such model; did you mean large?"]


@pytest.mark.parametrize(
    ("router", "at"),
    [
        ("fallbacks: [{larg: [b]}]", "fallbacks[0].larg"),
        ("default_fallbacks: [larg]", "default_fallbacks[0]"),
        ("model_group_retry_policy: {larg: {}}", "model_group_retry_policy.larg"),
    ],
)
def test_unknown_model_elsewhere_is_an_error(router: str, at: str) -> None:
    text = models(entry("large"), entry("b")) + f"router_settings: {{{router}}}"
    (found,) = errors(text)
    assert found.startswith(f"f.yaml:4: router_settings.{at}: there is no such model; did you mean large?")


def test_fallback_to_itself_is_a_warning() -> None:
    assert warnings(ABC + "router_settings: {fallbacks: [{a: [a, b]}]}") == [
        "f.yaml:5: router_settings.fallbacks[0].a[0]: warning: is a fallback to itself and is left out; "
        "num_retries repeats a group"
    ]


def test_fallback_that_serves_something_else_is_left_out_with_a_warning() -> None:
    state = built(
        models(entry("a"), entry("e", info="mode: embedding"), entry("b"))
        + "router_settings: {fallbacks: [{a: [e, b]}]}"
    )
    assert state.routing.fallbacks[ModelName("a")].general == ("b",)
    assert any("is left out: it serves embedding, not chat" in one for one in state.warnings)


def test_default_fallbacks_only_serve_their_own_mode() -> None:
    state = built(models(entry("a"), entry("e", info="mode: embedding")) + "router_settings: {default_fallbacks: [a]}")
    assert ModelName("e") not in state.routing.fallbacks


@pytest.mark.parametrize(
    "text", ["fallbacks: {a: [b]}", "fallbacks: [a]", "fallbacks: [{a: {b: c}}]", "fallbacks: [{a: 5}]"]
)
def test_another_shape_is_an_error(text: str) -> None:
    assert len(errors(ABC + f"router_settings: {{{text}}}")) == 1


def test_settings_of_the_router() -> None:
    routing = built(
        ABC
        + """
router_settings:
  retry_after: 2
  cooldown_time: 30
  allowed_fails: 1
  disable_cooldowns: true
  retry_policy: {RateLimitErrorRetries: 5, InternalServerErrorRetries: 0, DefaultRetries: 1}
  model_group_retry_policy: {b: {TimeoutErrorRetries: 4}}
  allowed_fails_policy: {ServiceUnavailableErrorAllowedFails: 9}
  routing_strategy_args: {lowest_latency_buffer: 0.5, ttl: 60}
"""
    ).routing
    cooldown = routing.cooldown
    assert (routing.retry_pause_s, routing.latency_buffer, routing.latency_ttl_s) == (2, 0.5, 60)
    assert (cooldown.cooldown_s, cooldown.allowed_fails, cooldown.enabled) == (30, 1, False)
    assert cooldown.by_status == {503: 9, 529: 9}
    assert routing.retry_statuses(deployment("a")) == {429: 5, 500: 0, 502: 0, ANY_STATUS: 1}
    assert routing.retry_statuses(deployment("b")) == {408: 4, 504: 4}


def test_allowed_fails_may_stand_in_litellm_settings() -> None:
    assert built(ABC + "litellm_settings: {allowed_fails: 7}").routing.cooldown.allowed_fails == 7
    assert built(ABC).routing.cooldown.allowed_fails == 3


@pytest.mark.parametrize(
    "policy",
    ["retry_policy: {BadRequestErrorRetries: 1}", "allowed_fails_policy: {ContentPolicyViolationErrorAllowedFails: 1}"],
)
def test_policies_say_what_has_no_effect(policy: str) -> None:
    (found,) = warnings(ABC + f"router_settings: {{{policy}}}")
    assert "has no effect: an error that the request itself causes" in found


def test_settings_of_a_deployment() -> None:
    one = only(built(models(entry(params="order: 1, rpm: 5, tpm: 50, max_parallel_requests: 2, cooldown_time: 0"))))
    assert (one.order, one.rpm, one.tpm, one.max_parallel, one.cooldown_s, dict(one.params)) == (1, 5, 50, 2, 0, {})


@pytest.mark.parametrize(("params", "seconds"), [("", 7), ("stream_timeout: 3", 3)])
def test_stream_timeout_of_the_router_is_a_default(params: str, seconds: float) -> None:
    assert (
        only(built(models(entry(params=params)) + "router_settings: {stream_timeout: 7}")).stream_timeout_s == seconds
    )
