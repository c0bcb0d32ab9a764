"""The refusals of `/model/*`, in LiteLLM's words: its clients look for some of them."""

from __future__ import annotations

from collections.abc import Iterable

from routeiq.control.errors import Detailed, Refused

AUTH, BAD = "auth_error", "bad_request_error"


def in_config() -> Refused:
    """Of `/model/update`."""
    return _wrapped("Can't edit model. Model in config. Store model in db via `/model/new`. to edit.")


def not_in_db(model_id: str) -> Refused:
    return _wrapped(f"Model with id={model_id} not found in db")


def no_model(text: str = "model not found") -> Refused:
    """Of `/model/update`."""
    return Refused(400, f"Authentication Error, {text}", AUTH, param="None")


def config_based() -> Refused:
    text = "Cannot edit config-based model. Store model in DB via /model/new first."
    return Refused(400, text, "validation_error")


def not_on_proxy(model_id: str) -> Refused:
    return Refused(404, f"Model {model_id} not found on proxy.", "not_found_error")


def not_shown(model_id: str) -> Detailed:
    return Detailed(400, {"error": f"Model id = {model_id} not found on litellm proxy"})


def id_taken(model_id: str) -> Refused:
    return Refused(400, f"Model with id={model_id} already exists.", BAD, param="model_info.id")


def of_one_team() -> Refused:
    text = "A model of one team alone is not supported: allow it to the team by its name, or by an access group."
    return Refused(400, text, BAD, param="model_info.team_id")


def not_built(problems: Iterable[str]) -> Refused:
    return Refused(400, "The model cannot be served: " + "; ".join(problems), BAD)


def _wrapped(text: str) -> Refused:
    """What LiteLLM's routes raise as a dict, and answer as the text of that dict."""
    return Refused(400, str({"error": text}), AUTH, param="None")
