"""Simulated embeddings: unit vectors seeded by model and input. Nearness means nothing, only equality does."""

from __future__ import annotations

import base64
import hashlib
import math
import random
from array import array
from collections.abc import Mapping
from typing import Annotated

import msgspec

from routeiq.gateway.dialects.openai_request import parse_body
from routeiq.kit.errors import InvalidRequest

DEFAULT_DIMENSIONS = 384
MAX_DIMENSIONS = 4096
MAX_INPUTS = 2048
_CHARS_PER_TOKEN = 4


class _Request(msgspec.Struct):
    input: str | list[str | int | list[int]]
    dimensions: Annotated[int, msgspec.Meta(ge=1, le=MAX_DIMENSIONS)] | None = None
    encoding_format: str | None = None


class _Embedding(msgspec.Struct):
    index: int
    embedding: list[float] | str
    object: str = "embedding"


class _Usage(msgspec.Struct):
    prompt_tokens: int
    total_tokens: int


class _Answer(msgspec.Struct):
    data: list[_Embedding]
    model: str
    usage: _Usage
    object: str = "list"


def embeddings(body: Mapping[str, msgspec.Raw], model: str) -> bytes:
    """OpenAI's answer to an embeddings request, float or base64. Raises InvalidRequest: malformed or too much."""
    request = parse_body(body, _Request)
    inputs = _inputs(request)
    vectors = [_unit_vector(model, item, request.dimensions or DEFAULT_DIMENSIONS) for item in inputs]
    as_text = request.encoding_format == "base64"
    data = [_Embedding(place, _base64(vector) if as_text else vector) for place, vector in enumerate(vectors)]
    tokens = sum(_tokens(item) for item in inputs)
    return msgspec.json.encode(_Answer(data, model, _Usage(tokens, tokens)))


def _inputs(request: _Request) -> list[str | list[int]]:
    """One item per vector: a text or a list of token ids. A list of numbers is one text in tokens."""
    given = request.input
    if isinstance(given, str):
        return [given]
    numbers = [item for item in given if isinstance(item, int)]
    others = [item for item in given if not isinstance(item, int)]
    if not given or len(given) > MAX_INPUTS or (numbers and others):
        raise InvalidRequest(f"`input` must be a text, tokens, or 1 to {MAX_INPUTS} of either.", param="input")
    return [numbers] if numbers else others


def _unit_vector(model: str, item: str | list[int], dimensions: int) -> list[float]:
    rng = random.Random(hashlib.sha256(model.encode() + b"\0" + msgspec.json.encode(item)).digest())
    values = [rng.gauss(0, 1) for _ in range(dimensions)]
    norm = math.sqrt(sum(value * value for value in values))
    return [value / norm for value in values]


def _base64(vector: list[float]) -> str:
    """Little-endian float32, as OpenAI sends it."""
    return base64.b64encode(array("f", vector).tobytes()).decode()


def _tokens(item: str | list[int]) -> int:
    return len(item) if isinstance(item, list) else max(1, -(-len(item) // _CHARS_PER_TOKEN))
