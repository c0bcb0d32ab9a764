"""Replace `os.environ/NAME` by the environment's value, everywhere in a document (litellm.md, section 2).

Only a string that begins with the prefix is a reference. A name that is not set is an error that says the name;
LiteLLM makes it None and starts. The document's own `environment_variables` are read where the environment is silent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from routeiq.config.nearest import did_you_mean
from routeiq.config.problems import Location, Problems
from routeiq.config.scalars import JSONObject, JSONValue

PREFIX = "os.environ/"
SECTION = "environment_variables"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MISSPELT = re.compile(
    r"(?:env|environ|os\.env|ENV)/(\w+)|\$\{?([A-Z][A-Z0-9_]*)\}?|os\.(?:environ|getenv)(?:\.get)?[\[(.]\W*(\w+)\W*"
)
"""`env/X` stands in a widely used Helm chart; the others are habits from other tools."""
_SECRET_KEY = re.compile(r"(?:^|_)(?:key|token|secret|password|url|base)s?$")


@dataclass(slots=True)
class References:
    """Resolves one document. `unresolved` are the locations that got an empty text for want of a value."""

    environ: Mapping[str, str]
    problems: Problems
    unresolved: set[Location] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    own: dict[str, str] = field(default_factory=dict)
    """The document's `environment_variables`, resolved."""

    def document(self, data: JSONObject) -> JSONObject:
        """A copy of `data` with every reference replaced."""
        own = data.get(SECTION)
        if isinstance(own, dict):
            self.own = {name: _text(self._value(value, (SECTION, name))) for name, value in own.items()}
        return {name: value if name == SECTION else self._value(value, (name,)) for name, value in data.items()}

    def _value(self, value: JSONValue, at: Location) -> JSONValue:
        if isinstance(value, dict):
            return {name: self._value(inner, (*at, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner, (*at, position)) for position, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        if value.startswith(PREFIX):
            return self._lookup(value.removeprefix(PREFIX).strip(), at)
        self._hint(value, at)
        return value

    def _lookup(self, name: str, at: Location) -> str:
        found = self.environ.get(name, self.own.get(name))
        self.used.add(name)
        if found is not None:
            return found
        self.unresolved.add(at)
        if _NAME.fullmatch(name):
            known = self.environ.keys() | self.own.keys()
            self.problems.error(at, f"environment variable {name} is not set{did_you_mean(name, known)}")
        else:
            self.problems.error(at, f"`{PREFIX}` must be followed by the name of an environment variable")
        return ""

    def _hint(self, value: str, at: Location) -> None:
        """A reference in another tool's spelling is sent as it stands, which nobody wants of a secret."""
        match = _MISSPELT.fullmatch(value)
        if match is None:
            return
        message = f"is no reference to the environment; write {PREFIX}{next(filter(None, match.groups()))}"
        if _SECRET_KEY.search(str(at[-1])):
            self.problems.error(at, message)
        else:
            self.problems.warning(at, message)


def _text(value: JSONValue) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)
