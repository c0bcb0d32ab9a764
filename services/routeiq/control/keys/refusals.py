"""The refusals of `/key/*`, in LiteLLM's words: its clients look for some of them."""

from __future__ import annotations

from routeiq.control.errors import Detailed, Refused

INTERNAL = "internal_server_error"
"""LiteLLM's type for whatever its routes wrap, a 404 too."""
AUTH = "auth_error"
BAD = "bad_request_error"
NOT_FOUND = "not_found_error"


def wrapped(status: int, text: str, type_: str = INTERNAL) -> Refused:
    """What LiteLLM's routes raise as a dict, and answer as the text of that dict."""
    return Refused(status, str({"error": text}), type_, param="None")


def plain(status: int, text: str, type_: str = INTERNAL) -> Refused:
    return Refused(status, text, type_, param="None")


def detailed(status: int, text: str) -> Detailed:
    return Detailed(status, {"error": text})


def not_found(param: str = "key", text: str = "Key not found.") -> Refused:
    return Refused(404, text, NOT_FOUND, param=param)


def alias_taken(alias: str) -> Refused:
    text = f"Key with alias '{alias}' already exists. Unique key aliases across all keys are required."
    return Refused(400, text, BAD, param="key_alias")


def key_taken() -> Refused:
    return Refused(400, "Key already exists. Choose another one.", BAD, param="key")


def admins_only(name: str) -> Refused:
    """A field that the caller's role may not set."""
    if name == "allowed_routes":
        return wrapped(
            403,
            "Only proxy admins can set `allowed_routes` on a key. "
            "Use `key_type` to pick a preset route bucket instead.",
        )
    return wrapped(403, f"Only proxy admins can set `{name}`.")


def stronger(name: str) -> Refused:
    """A key whose new text would be worth more than the key that asks for it."""
    return wrapped(403, f"This key cannot regenerate one that goes beyond it in `{name}`.")


def beyond_own(name: str) -> Refused:
    """More than the caller has itself. It says not how much that is: a limit may be its user's or its team's."""
    return wrapped(403, f"`{name}` goes beyond what the caller may use itself.")
