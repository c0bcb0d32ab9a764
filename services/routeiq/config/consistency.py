"""What one part of a document says about another: names must exist, ids differ, addresses may be called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from routeiq.config.deployments import callable_base, chooses_provider
from routeiq.config.document import Document, Listed
from routeiq.config.document.strategies import ACCEPTED_AS_SHUFFLE
from routeiq.config.fallbacks import check_fallbacks
from routeiq.config.known_names import check_aliases
from routeiq.config.management import check_management
from routeiq.config.names import MOST_STARS, is_pattern
from routeiq.config.nearest import did_you_mean
from routeiq.config.problems import Location, Problems
from routeiq.config.provider_entries import check_records
from routeiq.config.words import words
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import Origin, OutboundPolicy

_AUTO: Location = ("routeiq", "auto")
MODES = words(
    """
    chat completion responses embedding image_generation image_edit video_generation audio_transcription
    audio_speech  rerank moderation search ocr realtime vector_store batch guardrail
    """
)


def check_references(document: Document, problems: Problems) -> None:
    """Add what is inconsistent to `problems`."""
    if document.router.routing_strategy in ACCEPTED_AS_SHUFFLE:
        problems.warning(
            ("router_settings", "routing_strategy"), "has no effect yet; deployments are picked as by simple-shuffle"
        )
    if document.routeiq.artifact and document.router.routing_strategy_args.model_path:
        problems.warning(
            ("router_settings", "routing_strategy_args", "model_path"), "is not used, because routeiq.artifact is given"
        )
    if not document.model_names:
        problems.warning(("model_list",), "has no models; only what is added by API is served")
    _check_auto(document, problems)
    check_aliases(document, problems)
    check_fallbacks(document, problems)
    check_records(document, problems)
    check_management(document, problems)
    _check_ids(document.models, problems)
    _check_weights(document.models, problems)
    for listed in document.models:
        _check_entry(listed, problems)


def _check_auto(document: Document, problems: Problems) -> None:
    auto, names = document.routeiq.auto, document.model_names
    for position, name in enumerate(auto.models or ()):
        _check_name(name, names, (*_AUTO, "models", position), problems)
    if auto.fallback is not None:
        allowed = auto.models if auto.models is not None else names
        _check_name(auto.fallback, allowed, (*_AUTO, "fallback"), problems)
    _check_clash(document, problems)


def _check_name(name: str, names: Iterable[str], at: Location, problems: Problems) -> None:
    if name not in names:
        problems.error(at, f"there is no such model{did_you_mean(name, names)}")


def _check_clash(document: Document, problems: Problems) -> None:
    """A document's own model keeps its name: a LiteLLM document must mean what it meant."""
    auto = document.routeiq.auto
    if auto.name not in document.model_names:
        return
    if auto.models is not None:
        problems.error(
            (*_AUTO, "name"), f"{auto.name} is also a model_name; call the group otherwise with routeiq.auto.name"
        )
    else:
        problems.warning(
            _named(auto.name, document),
            "takes the place of learned routing's group of that name; routeiq.auto.name can give that another",
        )


def _named(name: str, document: Document) -> Location:
    """The first valid entry of that name, else the list."""
    return next((listed.at for listed in document.models if listed.entry.model_name == name), ("model_list",))


def _check_ids(models: tuple[Listed, ...], problems: Problems) -> None:
    first: dict[str, int | str] = {}
    for listed in models:
        given = listed.entry.model_info.id
        if given is None:
            continue
        if given in first:
            problems.error(
                (*listed.at, "model_info", "id"), f"is also the id of model_list[{first[given]}]; ids must differ"
            )
        first.setdefault(given, listed.position)


def _check_weights(models: tuple[Listed, ...], problems: Problems) -> None:
    groups: defaultdict[str, list[Listed]] = defaultdict(list)
    for listed in models:
        groups[listed.entry.model_name].append(listed)
    for members in groups.values():
        without = [listed for listed in members if listed.entry.litellm_params.weight is None]
        if 0 < len(without) < len(members):
            for listed in without:
                problems.warning(
                    (*listed.at, "litellm_params"),
                    "has no weight but others of its group have; it gets no requests of its own",
                )


def _check_entry(listed: Listed, problems: Problems) -> None:
    entry, at = listed.entry, listed.at
    mode = entry.model_info.mode
    if mode is not None and mode not in MODES:
        problems.warning((*at, "model_info", "mode"), f"unknown mode{did_you_mean(mode, MODES)}")
    check_model(listed, problems)
    for name in ("api_base", "base_url"):
        _check_address(getattr(entry.litellm_params, name), (*at, "litellm_params", name), problems)


def check_model(listed: Listed, problems: Problems) -> None:
    """What an entry calls its model."""
    params = listed.entry.litellm_params
    first, slash, rest = params.model.partition("/")
    if slash and not rest and params.custom_llm_provider in (None, first):
        problems.error((*listed.at, "litellm_params", "model"), "names no model after the slash")
    _check_stars(listed, problems)


def _check_stars(listed: Listed, problems: Problems) -> None:
    """A `*` of `model` needs one of `model_name` that says what stands for it."""
    params, given = listed.entry.litellm_params, listed.entry.model_name.count("*")
    at = (*listed.at, "litellm_params", "model")
    if given > MOST_STARS:
        problems.error((*listed.at, "model_name"), f"has more than {MOST_STARS} `*`")
    elif not given and is_pattern(params.model):
        problems.warning(at, "its `*` goes to the provider as it is, because model_name has none")
    elif given and params.model.count("*") > given:
        problems.error(at, "has more `*` than model_name")
    elif given and chooses_provider(params) and params.api_key and not (params.api_base or params.base_url):
        problems.warning(
            (*listed.at, "litellm_params", "api_key"),
            "is not used: requests choose the provider, and none gets another's key; write `openai/*` or give api_base",
        )


def _check_address(url: str | None, at: Location, problems: Problems) -> None:
    if not url:
        return
    if callable_base(url) != url:
        problems.warning(at, "0.0.0.0 is where a server listens; 127.0.0.1 is called")
    try:
        OutboundPolicy().check_url(callable_base(url), Origin.DOCUMENT)
    except RouteIQError as refused:
        problems.error(at, refused.message)
