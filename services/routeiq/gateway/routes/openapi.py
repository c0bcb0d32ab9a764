"""The hot endpoints in the OpenAPI document. They are plain ASGI and bypass FastAPI, but not its description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from routeiq.gateway.plan import Endpoint

_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {name: {"type": ["string", "null"]} for name in ("message", "type", "param", "code")},
            "required": ["message", "type", "param", "code"],
        }
    },
}
_MESSAGE = {"type": "object", "required": ["role"], "properties": {"role": {"type": "string"}, "content": {}}}
_BODIES: Mapping[Endpoint, dict[str, Any]] = {
    Endpoint.CHAT: {
        "type": "object",
        "required": ["model", "messages"],
        "properties": {
            "model": {
                "type": "string",
                "examples": ["auto"],
                "description": "A model of `/models`; `auto` lets RouteIQ choose",
            },
            "messages": {"type": "array", "minItems": 1, "items": _MESSAGE},
            "stream": {"type": "boolean", "default": False},
            "max_completion_tokens": {"type": "integer"},
            "temperature": {"type": "number"},
        },
        "additionalProperties": True,
    },
    Endpoint.EMBEDDINGS: {
        "type": "object",
        "required": ["model", "input"],
        "properties": {
            "model": {"type": "string", "examples": ["all-MiniLM-L6-v2"]},
            "input": {"anyOf": [{"type": "string"}, {"type": "array"}]},
            "encoding_format": {"type": "string", "enum": ["float", "base64"]},
        },
        "additionalProperties": True,
    },
}
_SUMMARY = {Endpoint.CHAT: "Create a chat completion", Endpoint.EMBEDDINGS: "Create embeddings"}
_ERRORS = {
    "400": "Something is wrong with the request",
    "401": "No key, or an unknown one",
    "404": "Unknown model",
    "413": "Body over the limit",
    "502": "The model gave no answer",
    "503": "Not now; see Retry-After",
}


def install_openapi(app: FastAPI, hot_paths: Mapping[str, Endpoint]) -> None:
    """Make `app.openapi()` describe FastAPI's routes and the hot paths."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, hot_paths)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _document(app: FastAPI, hot_paths: Mapping[str, Endpoint]) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schema["paths"] |= {path: {"post": _operation(path, endpoint)} for path, endpoint in hot_paths.items()}
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    components.setdefault("schemas", {})["Error"] = _ERROR
    schema["security"] = [{"key": []}]
    return schema


def _operation(path: str, endpoint: Endpoint) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    answer: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
    if endpoint is Endpoint.CHAT:
        answer["text/event-stream"] = {"schema": {"type": "string"}}
    responses: dict[str, Any] = {"200": {"description": "The answer", "content": answer}}
    return {
        "tags": ["inference"],
        "summary": _SUMMARY[endpoint],
        "operationId": path.strip("/").replace("/", "_"),
        "requestBody": {"required": True, "content": {"application/json": {"schema": _BODIES[endpoint]}}},
        "responses": responses | {status: {"description": text, "content": error} for status, text in _ERRORS.items()},
    }
