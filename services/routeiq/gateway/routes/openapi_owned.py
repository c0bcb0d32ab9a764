"""The OpenAPI document with what other services serve through the gateway.

Their part is fetched from them, because only what runs knows what it answers, and is kept for a minute. Of it stands
here what the access table says is theirs. While an owner is away its last document stands, and without one its paths
alone, from the table.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import structlog

from routeiq.gateway.access import TABLE, AccessTable, Level, Line, Owner
from routeiq.gateway.routes.delegate import Delegate
from routeiq.kit.errors import RouteIQError
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.shared import Shared

log = structlog.get_logger()

KEEP_S = 60.0
KEEP_PARTIAL_S = 5.0
PATH = "/openapi.json"
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})
_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")
_ADDED = {
    "401": "No key, an unknown one, or one that may not do this",
    "403": "The key may not do this",
    "413": "Body over the limit",
    "431": "Head over the limit, as with a very long query",
    "503": "Not now; see Retry-After",
    "504": "No answer in time",
}

Document = dict[str, Any]


class OwnedDocuments:
    """Of all owners. `whole` is the gateway's own document with theirs, as it is sent."""

    def __init__(
        self,
        delegates: Mapping[Owner, Delegate],
        own: Callable[[], Document],
        lines: tuple[Line, ...] = TABLE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delegates = delegates
        self._own = own
        self._lines = lines
        self._table = AccessTable(lines)
        self._clock = clock
        self._last: dict[Owner, Document] = {}
        self._sent = b""
        self._sent_until = 0.0
        self._making = Shared(self._make)

    async def whole(self) -> bytes:
        """Made once for all who ask at one time: anybody may, without a key."""
        return self._sent if self._clock() < self._sent_until else await self._making.get()

    async def _make(self) -> bytes:
        missing = [owner for owner, delegate in self._delegates.items() if not await self._fetch(owner, delegate)]
        document = self._own()
        for owner in self._delegates:
            document = self._with(document, owner, self._last.get(owner, {}))
        self._sent = msgspec.json.encode(document)
        self._sent_until = self._clock() + (KEEP_PARTIAL_S if missing else KEEP_S)
        return self._sent

    async def _fetch(self, owner: Owner, delegate: Delegate) -> bool:
        """Returns: whether the owner's document is of now."""
        try:
            document = msgspec.json.decode(await delegate.fetch(PATH))
        except (RouteIQError, *UNREADABLE) as error:
            log.info("openapi.unavailable", owner=owner.value, error=type(error).__name__)
            return False
        if not isinstance(document, dict):
            return False
        self._last[owner] = document
        return True

    def _with(self, document: Document, owner: Owner, theirs: Document) -> Document:
        schemas = document.get("components", {}).get("schemas", {})
        theirs = _without_clashes(theirs, schemas, owner)
        paths = {path: dict(item) for path, item in document["paths"].items()}
        for path, method, operation in _operations(theirs):
            line = self._table.line(method.upper(), _PARAMETER.sub("x", path))
            if line is not None and line.owner is owner:
                paths.setdefault(path, {})[method] = _completed(operation, line)
        for path, method, operation in _stubs(self._lines, owner):
            if not _described(paths, path, method):
                paths.setdefault(path, {})[method] = operation
        more = theirs.get("components", {}).get("schemas", {})
        components = {**document.get("components", {}), "schemas": {**more, **schemas}}
        return {**document, "paths": paths, "components": components}


def _operations(document: Document) -> Iterable[tuple[str, str, Document]]:
    for path, item in document.get("paths", {}).items():
        for method in _METHODS & item.keys():
            yield path, method, item[method]


def _completed(operation: Document, line: Line) -> Document:
    """With what the gateway itself may answer."""
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    added = {status: {"description": text, "content": error} for status, text in _ADDED.items()}
    public: Document = {"security": []} if line.level is Level.NONE else {}
    return {**operation, **public, "responses": {**added, **operation.get("responses", {})}}


def _stubs(lines: Iterable[Line], owner: Owner) -> Iterable[tuple[str, str, Document]]:
    for line in lines:
        path = _PARAMETER.sub(r"{\1}", line.path)
        names = _PARAMETER.findall(line.path)
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        for method in sorted(line.methods) if line.owner is owner else ():
            answer = {"description": f"As {owner.value} documents it while it runs"}
            operation = {"tags": [owner.value], "parameters": parameters, "responses": {"200": answer}}
            yield path, method.lower(), _completed(operation, line)


def _described(paths: Document, path: str, method: str) -> bool:
    """Whatever its parameters are called."""
    plain = _PARAMETER.sub("{}", path)
    return any(_PARAMETER.sub("{}", known) == plain and method in item for known, item in paths.items())


def _without_clashes(document: Document, schemas: Mapping[str, object], owner: Owner) -> Document:
    """With other names for schemas whose names mean something else here."""
    own = document.get("components", {}).get("schemas", {})
    clashes = {name for name, schema in own.items() if name in schemas and schemas[name] != schema}
    if not clashes:
        return document
    names = {f"#/components/schemas/{name}": f"#/components/schemas/{_renamed(name, owner)}" for name in clashes}
    renamed = {_renamed(name, owner) if name in clashes else name: schema for name, schema in own.items()}
    found: Document = _refer({**document, "components": {"schemas": renamed}}, names)
    return found


def _renamed(name: str, owner: Owner) -> str:
    return f"{owner.value.capitalize()}{name}"


def _refer(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: names.get(one, one) if key == "$ref" and isinstance(one, str) else _refer(one, names)
            for key, one in value.items()
        }
    return [_refer(one, names) for one in value] if isinstance(value, list) else value
