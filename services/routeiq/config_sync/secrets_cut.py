"""A configuration document as people may read it: every value that may be a secret is cut out.

Fails closed: a text under a name that speaks of keys, and everything below `environment_variables`, credentials and
headers, is cut, whatever it looks like; elsewhere what looks like a credential is. A reference to the environment is
none and stays. Comments are gone, for they may hold anything.
"""

from __future__ import annotations

import re

from routeiq.config.problems import Problems
from routeiq.config.scalars import JSONValue
from routeiq.config.words import words
from routeiq.config.yaml_tree import parse
from routeiq.kit.redaction import REDACTED, redacted

REFERENCE = re.compile(r"os\.environ/[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(
    r"key|token|secret|passw|credential|authori[sz]ation|auth$|cookie|signature|certificate|private|webhook|dsn|salt"
    r"|database_url|redis_url|connection|^headers$|_headers$|^environment_variables$|^env$",
    re.IGNORECASE,
)
_PLAIN = words(
    """
    max_tokens max_input_tokens max_output_tokens max_completion_tokens input_cost_per_token output_cost_per_token
    key_generation_settings default_key_generate_params upperbound_key_generate_params personal_key_generation
    team_key_generation
    """
)
_USERINFO = re.compile(r"://[^\s/@]*@")
_QUERY = re.compile(r"\?[^\s]*$")


def is_secret(name: str) -> bool:
    """Whether what stands under it may be one."""
    return name not in _PLAIN and bool(_SECRET.search(name))


def readable(text: str) -> JSONValue:
    """A document's content without its secrets; None: it cannot be read."""
    return cut(parse(text, Problems("")))


def cut(value: JSONValue, *, secret: bool = False) -> JSONValue:
    """Args: secret: it stands under a name that speaks of secrets."""
    if isinstance(value, dict):
        return {_name(name): cut(inner, secret=secret or is_secret(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [cut(inner, secret=secret) for inner in value]
    if isinstance(value, str):
        return _text(value, secret=secret)
    return REDACTED if secret and isinstance(value, int | float) and not isinstance(value, bool) else value


def _name(name: str) -> str:
    """A key of the document may be one of a provider, too, where somebody has mistaken the place."""
    return redacted(name)


def _text(value: str, *, secret: bool) -> str:
    if REFERENCE.fullmatch(value) or not value:
        return value
    if secret:
        return REDACTED
    plain = redacted(_USERINFO.sub(f"://{REDACTED}@", value))
    return _QUERY.sub(f"?{REDACTED}", plain) if "://" in plain else plain
