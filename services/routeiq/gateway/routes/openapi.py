"""The hot endpoints in the OpenAPI document. They are plain ASGI and bypass FastAPI, but not its description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

from routeiq.gateway.access import Owner
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.routes.delegate import Delegate
from routeiq.gateway.routes.generate import openapi as generate
from routeiq.gateway.routes.generate.endpoint import PATH as GENERATE
from routeiq.gateway.routes.hot import HOT_PATHS, HOT_TEMPLATES
from routeiq.gateway.routes.openapi_owned import OwnedDocuments
from routeiq.kit.error_bodies import Family

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
_ANTHROPIC_ERROR = {
    "type": "object",
    "properties": {
        "type": {"const": "error"},
        "error": {"type": "object", "properties": {name: {"type": "string"} for name in ("type", "message")}},
        "request_id": {"type": ["string", "null"]},
    },
    "required": ["type", "error"],
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
    Endpoint.COMPLETIONS: {
        "type": "object",
        "required": ["model", "prompt"],
        "properties": {
            "model": {"type": "string"},
            "prompt": {"anyOf": [{"type": "string"}, {"type": "array"}]},
            "stream": {"type": "boolean", "default": False},
            "max_tokens": {"type": "integer"},
        },
        "additionalProperties": True,
    },
    Endpoint.RESPONSES: {
        "type": "object",
        "required": ["model"],
        "properties": {
            "model": {"type": "string"},
            "input": {"anyOf": [{"type": "string"}, {"type": "array"}]},
            "stream": {"type": "boolean", "default": False},
        },
        "additionalProperties": True,
    },
    Endpoint.MESSAGES: {
        "type": "object",
        "required": ["model", "messages", "max_tokens"],
        "properties": {
            "model": {"type": "string"},
            "messages": {"type": "array", "minItems": 1, "items": _MESSAGE},
            "max_tokens": {"type": "integer"},
            "stream": {"type": "boolean", "default": False},
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
_SUMMARY = {
    Endpoint.CHAT: "Create a chat completion",
    Endpoint.COMPLETIONS: "Create a text completion",
    Endpoint.EMBEDDINGS: "Create embeddings",
    Endpoint.RESPONSES: "Create a response (models of OpenAI's own dialect)",
    Endpoint.MESSAGES: "Create a message (models of Anthropic's own dialect)",
}
_MODEL_IN_PATH = {
    "name": "model",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "Wins over the body's `model`; may contain slashes",
}
_ERRORS = {
    "400": "Something is wrong with the request",
    "401": "No key, or an unknown one",
    "404": "Unknown model",
    "413": "Body over the limit",
    "501": "The model has no such endpoint yet",
    "502": "The model gave no answer",
    "503": "Not now; see Retry-After",
}


def install_openapi(app: FastAPI, delegates: Mapping[Owner, Delegate]) -> None:
    """`/openapi.json`: FastAPI's routes, the hot paths, and what other services own."""
    documents = OwnedDocuments(delegates, lambda: app.openapi())

    async def whole() -> Response:
        return Response(await documents.whole(), media_type="application/json")

    app.add_api_route("/openapi.json", whole, methods=["GET"], include_in_schema=False)

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _document(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schema["paths"] |= {path: {"post": _operation(path, hot.endpoint)} for path, hot in HOT_PATHS.items()}
    for path, endpoint in HOT_TEMPLATES.items():
        schema["paths"][path] = {"post": _operation(path, endpoint), "parameters": [_MODEL_IN_PATH]}
    schema["paths"][GENERATE] = {"post": generate.operation()}
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}, **generate.SCHEMES}
    components.setdefault("schemas", {}).update(
        {"Error": _ERROR, "AnthropicError": _ANTHROPIC_ERROR, **generate.SCHEMAS}
    )
    schema["security"] = [{"key": []}]
    return schema


def _operation(path: str, endpoint: Endpoint) -> dict[str, Any]:
    name = "AnthropicError" if endpoint.errors is Family.ANTHROPIC else "Error"
    error = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    answer: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
    if endpoint is not Endpoint.EMBEDDINGS:
        answer["text/event-stream"] = {"schema": {"type": "string"}}
    responses: dict[str, Any] = {"200": {"description": "The answer", "content": answer}}
    return {
        "tags": ["inference"],
        "summary": _SUMMARY[endpoint],
        "operationId": re.sub(r"\W+", "_", path).strip("_"),
        "requestBody": {"required": True, "content": {"application/json": {"schema": _BODIES[endpoint]}}},
        "responses": responses | {status: {"description": text, "content": error} for status, text in _ERRORS.items()},
    }
