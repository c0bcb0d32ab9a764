"""`/api/v1/generate` in the OpenAPI document. It is plain ASGI and bypasses FastAPI, but not its description."""

from __future__ import annotations

from typing import Any

from routeiq.gateway.routes.generate.body import Generate

SCHEMES: dict[str, Any] = {"service key": {"type": "apiKey", "in": "header", "name": "X-Service-Key"}}
_NUMBER = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_PROPERTIES: dict[str, Any] = {
    "content": _TEXT,
    "provider": {**_TEXT, "description": "Who answered"},
    "model": {**_TEXT, "description": "As the provider calls it"},
    "input_tokens": _NUMBER,
    "output_tokens": _NUMBER,
    "cost_usd": {
        "type": ["number", "null"],
        "minimum": 0,
        "description": "From the model's prices; 0 for a cached answer, null (never 0) where a price or "
        "the number of tokens is unknown",
    },
    "cached": {"type": "boolean", "description": "The same question was answered before; tokens are those of then"},
    "latency_ms": {**_NUMBER, "description": "End to end"},
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "loc", "msg"],
    "properties": {
        "type": _TEXT,
        "loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
        "msg": _TEXT,
    },
}
SCHEMAS: dict[str, Any] = {
    "Generated": {"type": "object", "required": list(_PROPERTIES), "properties": _PROPERTIES},
    "GatewayError": {"type": "object", "required": ["detail"], "properties": {"detail": _TEXT}},
    "GatewayFieldErrors": {
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": {"type": "array", "items": _PROBLEM}},
    },
}
_REFUSALS = {
    "400": "The objective in x-routeiq-objective means nothing",
    "401": "No key, or an unknown one",
    "403": "The key is not a service's, nor an administrator's",
    "413": "Body over the limit",
    "429": "Every provider has had all that it may have in this minute; see Retry-After",
    "502": "Every provider failed",
    "503": "No enabled provider, or not now; see Retry-After",
}


def operation() -> dict[str, Any]:
    """Of the path."""
    refusals = {status: {"description": text, "content": _json("GatewayError")} for status, text in _REFUSALS.items()}
    invalid = {"description": "A field breaks its rule", "content": _json("GatewayFieldErrors")}
    return {
        "tags": ["LLM Gateway API"],
        "summary": "Generate an answer",
        "operationId": "api_v1_generate",
        "security": [{name: []} for name in SCHEMES] + [{"key": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": Generate.model_json_schema()}},
        },
        "responses": {
            "200": {"description": "The answer", "content": _json("Generated")}, "422": invalid, **refusals,
        },
    }  # fmt: skip


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
