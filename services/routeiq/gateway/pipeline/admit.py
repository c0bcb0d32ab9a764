"""Read a request's body into a `Call`, or say clearly what is wrong with it.

Only the top level is parsed. What a provider would judge (roles, parts, parameters) is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Arrival, Call, Context
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.json_errors import UNREADABLE

REFUSED: Final = frozenset(["api_base", "base_url", "user_config", "mock_response", "api_key", "custom_llm_provider"])
"""What would let a caller steer the gateway's own calls (architecture, section 6)."""

_EMBEDDINGS: Final = Endpoint.EMBEDDINGS
"""A look into an enumeration takes longer than most calls."""
_LIST: Final = ord("[")
_MAYBE_EMPTY: Final = b"] \t\r\n"
"""What may follow it in an empty one: others need not be looked through."""
_REQUIRED: Final[Mapping[Endpoint, tuple[str, bytes]]] = {
    Endpoint.CHAT: ("messages", b"["),
    Endpoint.COMPLETIONS: ("prompt", b'["'),
    Endpoint.EMBEDDINGS: ("input", b'["'),
    Endpoint.MESSAGES: ("messages", b"["),
}
"""What must be there, and how a value of the right kind begins. `/responses` has several inputs: upstream judges."""
_top_level: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string: Final = msgspec.json.Decoder(str)
_flag: Final = msgspec.json.Decoder(bool | None)


class InvalidJSON(InvalidRequest):
    code = "invalid_json"


class MissingParameter(InvalidRequest):
    code = "missing_required_parameter"


def context_of(arrival: Arrival, raw: bytes, started: float) -> Context:
    """Of a request that is whole. Raises: as `parse_call`."""
    call = parse_call(arrival.endpoint, raw, arrival.path_model)
    return Context(arrival.request_id, arrival.caller, arrival.state, call, arrival.headers, started)


def parse_call(endpoint: Endpoint, raw: bytes, path_model: str | None = None) -> Call:
    """`path_model` is the model that the path names. Raises InvalidRequest whose `param` names the field."""
    body = _parse(raw)
    if not REFUSED.isdisjoint(body):
        refused = min(name for name in REFUSED if name in body)
        raise InvalidRequest(f"`{refused}` cannot be set by a request.", param=refused)
    if path_model is not None:
        body["model"] = msgspec.Raw(msgspec.json.encode(path_model))
    model = _model(body)
    if endpoint in _REQUIRED:
        name, openings = _REQUIRED[endpoint]
        _require(body, name, openings)
    return Call(endpoint, body, model, endpoint is not _EMBEDDINGS and _stream(body))


def _parse(raw: bytes) -> dict[str, msgspec.Raw]:
    try:
        if not raw.isascii():
            raw.decode()  # msgspec does not look into what it leaves raw
        return _top_level.decode(raw)
    except msgspec.ValidationError:
        raise InvalidJSON("The request body must be a JSON object.") from None
    except UNREADABLE as error:
        raise InvalidJSON(f"The request body is not valid JSON: {error}") from None


def _model(body: Mapping[str, msgspec.Raw]) -> str:
    if "model" not in body:
        raise MissingParameter("Missing required parameter: 'model'.", param="model")
    try:
        model = _string.decode(body["model"])
    except UNREADABLE:
        model = ""
    if not model:
        raise InvalidRequest("'model' must be a non-empty string.", param="model")
    return model


def _stream(body: Mapping[str, msgspec.Raw]) -> bool:
    if "stream" not in body:
        return False
    try:
        return bool(_flag.decode(body["stream"]))
    except UNREADABLE:
        raise InvalidRequest("'stream' must be true or false.", param="stream") from None


def _require(body: Mapping[str, msgspec.Raw], name: str, openings: bytes) -> None:
    """`openings`: the bytes that a value of the right kind may begin with. msgspec gives it without space around it."""
    if name not in body:
        raise MissingParameter(f"Missing required parameter: '{name}'.", param=name)
    value = memoryview(body[name])
    if value[0] not in openings:
        raise InvalidRequest(f"'{name}' has the wrong type.", param=name)
    if value[0] == _LIST and value[1] in _MAYBE_EMPTY and not bytes(value[1:-1]).strip():
        raise InvalidRequest(f"'{name}' must not be empty.", param=name)
