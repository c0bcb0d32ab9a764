"""What is offered without a document: from keys, from a provider's own list, from Ollama; never late, never loud."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from routeiq.config.build import build
from routeiq.config.defaults import NAME, default_document, default_state
from routeiq.config.discover import Discovery, discover, ollama_base
from routeiq.config.fetch import FetchFailed, fetch_json
from routeiq.config.load import load_data
from routeiq.config.offers import MOST, PUBLIC, Offer, listed_models, local_models
from routeiq.config.prices import Wanted, price_file, read_facts
from routeiq.config.scalars import JSONValue
from routeiq.config.state import Mode
from routeiq.config.tiers import LIKE, Tier, tier_of
from tests.support.waiting import LONGER_S, PATIENCE_S


class FakeFetch:
    """Answers by URL; what it does not know is refused."""

    def __init__(self, answers: Mapping[str, JSONValue] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, url: str, headers: Mapping[str, str], timeout_s: float) -> JSONValue:
        self.asked.append((url, dict(headers)))
        if url not in self.answers:
            raise FetchFailed("Connection refused")
        return self.answers[url]


OLLAMA: JSONValue = {"models": [
    {"name": "llama3.3:70b", "details": {"parameter_size": "70.6B"}}, {"name": "qwen:latest", "details": None},
    {"name": "nomic-embed-text:latest"},
    {"name": 5}, {"name": "bad name\n"}, "x",
]}  # fmt: skip


def test_nothing_around_offers_nothing_and_says_nothing() -> None:
    assert discover({}, fetch=FakeFetch()) == Discovery()


def test_keys_offer_one_public_model_of_each_tier() -> None:
    found = discover({"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b"}, fetch=FakeFetch())
    assert [offer.name for offer in found.offers] == [*PUBLIC["openai"].values(), *PUBLIC["anthropic"].values()]
    assert found.warnings == ()


def test_other_openai_base_is_asked_what_it_has() -> None:
    fetch = FakeFetch(
        {
            "http://b/v1/models": {
                "data": [{"id": "m-70b"}, {"id": "tts-1"}, {"id": "text-embed"}, {"id": "m-70b"}, {"no": 1}]
            }
        }
    )
    found = discover({"OPENAI_BASE_URL": "http://b/v1/", "OPENAI_API_KEY": "k"}, fetch=fetch)
    assert found.offers == (
        Offer("m-70b", "openai", Tier.LARGE),
        Offer("text-embed", "openai", Tier.MEDIUM, mode="embedding"),
    )
    assert ("http://b/v1/models", {"authorization": "Bearer k"}) in fetch.asked


def test_openai_base_needs_no_key() -> None:
    fetch = FakeFetch({"http://b/models": {"data": []}})
    assert discover({"OPENAI_API_BASE": "http://b"}, fetch=fetch).warnings == (
        "OPENAI_API_BASE: it lists no chat model.",
    )
    assert ("http://b/models", {}) in fetch.asked


def test_base_that_does_not_answer_is_a_warning_without_its_address() -> None:
    found = discover({"OPENAI_BASE_URL": "http://user-secret.example/v1"}, fetch=FakeFetch())
    assert found.offers == ()
    assert found.warnings == (
        "OPENAI_BASE_URL: its list of models cannot be read (Connection refused); they are not offered.",
    )


def test_local_ollama_is_offered() -> None:
    found = discover({}, fetch=FakeFetch({"http://127.0.0.1:11434/api/tags": OLLAMA}))
    base = "http://127.0.0.1:11434"
    assert found.offers == (
        Offer("llama3.3:70b", "ollama", Tier.LARGE, api_base=base),
        Offer("qwen", "ollama", Tier.MEDIUM, api_base=base),
        Offer("nomic-embed-text", "ollama", Tier.MEDIUM, api_base=base, mode="embedding"),
    )


def test_named_ollama_that_is_away_is_a_warning() -> None:
    assert discover({"OLLAMA_HOST": "h"}, fetch=FakeFetch()).warnings == (
        "OLLAMA_HOST: it cannot be reached (Connection refused).",
    )


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("", "http://127.0.0.1:11434"), ("0.0.0.0", "http://127.0.0.1:11434"), ("h:1", "http://h:1"),
        (":5", "http://127.0.0.1:5"),
        ("https://h", "https://h:443"), ("http://h/", "http://h:80"), ("[::1]:9", "http://[::1]:9"),
        ("[::]", "http://[::1]:11434"),
        ("http://0.0.0.0:8", "http://127.0.0.1:8"),
    ],
)  # fmt: skip
def test_ollama_host_takes_many_forms(host: str, base: str) -> None:
    assert ollama_base(host) == base


def test_switch_asks_nobody() -> None:
    fetch = FakeFetch()
    assert discover({"ROUTEIQ_DISCOVERY": "false", "OPENAI_API_KEY": "k"}, fetch=fetch) == Discovery()
    assert fetch.asked == []


def test_source_that_hangs_holds_nothing_up() -> None:
    release = threading.Event()

    def hang(url: str, headers: Mapping[str, str], timeout_s: float) -> JSONValue:
        release.wait(LONGER_S)
        raise FetchFailed("late")

    started = time.monotonic()
    found = discover({"ANTHROPIC_API_KEY": "k"}, fetch=hang, limit_s=0.1)
    release.set()
    assert time.monotonic() - started < PATIENCE_S
    assert len(found.offers) == 3
    assert found.warnings == ("A provider did not list its models in time; they are not offered.",)


def test_long_list_is_cut() -> None:
    assert len(listed_models({"data": [{"id": f"m{n}"} for n in range(100)]})) == MOST


@pytest.mark.parametrize("answer", [None, [], {}, {"data": {}, "models": 5}, {"data": [1], "models": [None]}, "x"])
def test_odd_answer_offers_nothing(answer: JSONValue) -> None:
    assert listed_models(answer) == ()
    assert local_models(answer, "http://h") == ()


@pytest.mark.parametrize(
    ("name", "size", "tier"),
    [
        ("llama3.2:3b", "", Tier.SMALL), ("x", "8.0B", Tier.SMALL), ("x", "137M", Tier.SMALL),
        ("qwen2.5-32b", "", Tier.MEDIUM), ("m-70B", "", Tier.LARGE),
        ("mixtral-8x7b", "", Tier.SMALL), ("gpt-9-mini", "", Tier.SMALL), ("claude-opus-9", "", Tier.LARGE),
        ("gemini_flash", "", Tier.SMALL),
        ("gpt-9", "", Tier.MEDIUM), ("maximal", "", Tier.MEDIUM),
    ],
)  # fmt: skip
def test_tier_is_guessed_from_size_then_words(name: str, size: str, tier: Tier) -> None:
    assert tier_of(name, size) is tier


def test_public_models_stand_in_the_price_file_and_are_not_deprecated() -> None:
    assert price_file() is not None
    wanted = {Wanted(provider, name) for provider, tiers in PUBLIC.items() for name in tiers.values()}
    facts = read_facts(wanted)
    assert facts.keys() == wanted
    for tiers in PUBLIC.values():
        provider = next(p for p, t in PUBLIC.items() if t is tiers)
        prices = [facts[Wanted(provider, tiers[tier])].output_price or 0 for tier in Tier]
        assert prices == sorted(prices)
        assert all(facts[Wanted(provider, name)].mode == "chat" for name in tiers.values())


def test_simulated_models_are_the_default() -> None:
    state = default_state({}, Discovery())
    assert state.routing.auto_models == ("sim-small", "sim-medium", "sim-large")
    assert state.routing.strategy == "llmrouter-ensemble"
    assert [state.groups[name].deployments[0].input_price for name in state.routing.auto_models] == [1e-7, 6e-7, 2.5e-6]
    assert [state.groups[name].deployments[0].like for name in state.routing.auto_models] == list(LIKE.values())
    assert state.groups["all-MiniLM-L6-v2"].mode is Mode.EMBEDDING  # type: ignore[index]
    assert state.warnings == ()


def test_real_models_take_the_place_of_simulated_ones() -> None:
    environ = {"OPENAI_API_KEY": "k-openai", "ANTHROPIC_API_KEY": "k-anthropic"}
    state = default_state(environ, discover(environ, fetch=FakeFetch()))
    first = state.groups[state.routing.auto_models[0]].deployments[0]
    assert (first.provider, first.api_key, first.like) == ("openai", "k-openai", LIKE[Tier.SMALL])
    assert first.input_price is not None
    assert not any(name.startswith("sim-") for name in state.groups)
    assert state.warnings == ()


def test_embedding_models_alone_keep_the_simulated_chat_models() -> None:
    names = [
        item["model_name"]
        for item in default_document(
            Discovery((Offer("e", "ollama", Tier.SMALL, api_base="http://h", mode="embedding"),))
        )["model_list"]
    ]  # type: ignore[union-attr, index, call-overload]
    assert names == ["e", "sim-small", "sim-medium", "sim-large"]


def test_same_name_of_two_providers_is_told_apart() -> None:
    document = default_document(
        Discovery((Offer("m", "openai", Tier.SMALL), Offer("m", "ollama", Tier.SMALL, api_base="http://127.0.0.1:1")))
    )
    assert list(build(load_data(document, NAME, {}), {}).groups) == ["m", "ollama/m", "all-MiniLM-L6-v2"]


def test_document_of_the_defaults_holds_no_key() -> None:
    environ = {"OPENAI_API_KEY": "k-openai"}
    assert "k-openai" not in str(default_document(discover(environ, fetch=FakeFetch())))


def test_warnings_of_discovery_reach_the_state() -> None:
    assert default_state({}, Discovery(warnings=("w",))).warnings == ("w",)


@pytest.mark.parametrize("url", ["ftp://x/models", "http://169.254.169.254/models", "http://u:p@h/models"])
def test_fetch_refuses_what_must_never_be_called(url: str) -> None:
    with pytest.raises(FetchFailed, match="the URL"):
        fetch_json(url, {}, 0.1)
