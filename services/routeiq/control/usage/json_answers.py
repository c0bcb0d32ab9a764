"""Large answers as JSON, of models that are valid already: FastAPI would check and copy each of them once more."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Response
from pydantic_core import to_json


def json_answer(found: Sequence[object]) -> Response:
    return Response(to_json(found), media_type="application/json")
